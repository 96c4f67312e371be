// Rotary frequencies against numbers that transformers 5's modeling_rope_utils.py gives for the same parameters.
#include "model/rope.h"

#include <cmath>

#include "model/checkpoint_writers.h"

namespace latent4j::test {
namespace {

using nlohmann::json;

RopeConfig rope_of(const json& config, int32_t head_dim) {
  const Fields fields(config, "config.json");
  const auto max_positions = static_cast<int32_t>(fields.integer("max_position_embeddings", 1, INT32_MAX));
  return make_rope(read_rope(fields, max_positions), head_dim, "config.json");
}

void expect_frequencies(const RopeConfig& rope, const std::vector<double>& expected) {
  ASSERT_EQ(rope.inv_freq.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(rope.inv_freq[i] / expected[i], 1, 1e-10) << "pair " << i;
}

const std::vector<double> kYarn = {1, 0.421696503429, 0.177827941004, 0.0749894209332, 0.0316227766017, 0.0133352143216, 0.00477990126412,
    0.00165996159396, 0.00055, 0.000168678601371, 4.4456985251e-05, 1.87473552333e-05, 7.90569415042e-06, 3.33380358041e-06,
    1.40585331298e-06, 5.92843426415e-07};
const std::vector<double> kLinear = {0.4, 0.126491106407, 0.04, 0.0126491106407, 0.004, 0.00126491106407, 0.0004, 0.000126491106407};

TEST(Rope, Default) {
  const RopeConfig rope = rope_of({{"max_position_embeddings", 64}, {"rope_theta", 10000}}, 8);
  EXPECT_EQ(rope.type, "default");
  EXPECT_EQ(rope.attention_factor, 1);
  expect_frequencies(rope, {1, 0.1, 0.01, 0.001});
}

TEST(Rope, LinearAsTransformers4And5WriteIt) {
  const json four = {{"max_position_embeddings", 8192}, {"rope_theta", 1e4}, {"rope_scaling", {{"type", "linear"}, {"factor", 2.5}}}};
  const json five = {{"max_position_embeddings", 8192},
                     {"rope_parameters", {{"rope_type", "linear"}, {"factor", 2.5}, {"rope_theta", 1e4}}}};
  for (const json& config : {four, five}) {
    EXPECT_EQ(rope_of(config, 16).type, "linear");
    expect_frequencies(rope_of(config, 16), kLinear);
  }
}

// What transformers 5 gives for both: the whole of rope_scaling, so that a base in rope_parameters is lost; an empty one does not count.
TEST(Rope, ScalingComesBeforeParameters) {
  const json parameters = {{"rope_type", "default"}, {"rope_theta", 1e6}};
  json config = {{"max_position_embeddings", 8192},
                 {"rope_parameters", parameters},
                 {"rope_scaling", {{"type", "linear"}, {"factor", 2.5}}}};
  expect_frequencies(rope_of(config, 16), kLinear);  // theta 1e4, the default
  config["rope_theta"] = 1e4;
  expect_frequencies(rope_of(config, 16), kLinear);
  config["rope_theta"] = 5e5;
  EXPECT_EQ(rope_of(config, 16).theta, 5e5);
  config["rope_scaling"]["rope_theta"] = 3e5;
  EXPECT_EQ(rope_of(config, 16).theta, 3e5);
  for (const json& nothing : {json(), json::object()}) {
    config["rope_scaling"] = nothing;
    EXPECT_EQ(rope_of(config, 16).type, "default");
    EXPECT_EQ(rope_of(config, 16).theta, 1e6);
  }
  config["rope_scaling"] = {{"rope_type", "longrope"}};
  expect_error("UNSUPPORTED", {"longrope"}, [&] { rope_of(config, 16); });
}

TEST(Rope, Llama3) {
  const RopeConfig rope = rope_of({{"max_position_embeddings", 131072}, {"rope_theta", 5e5},
                                   {"rope_scaling", {{"rope_type", "llama3"}, {"factor", 8.0}, {"low_freq_factor", 1.0},
                                                     {"high_freq_factor", 4.0}, {"original_max_position_embeddings", 8192}}}}, 16);
  EXPECT_EQ(rope.type, "llama3");
  expect_frequencies(rope, {1, 0.193922744749, 0.0376060309309, 0.00729266473722, 0.000524846160993, 3.42810219595e-05, 6.64786987118e-06,
                            1.28917317215e-06});
}

TEST(Rope, Yarn) {
  const RopeConfig rope = rope_of({{"max_position_embeddings", 131072}, {"rope_theta", 1e6},
                                   {"rope_scaling", {{"type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 32768}}}}, 32);
  EXPECT_EQ(rope.type, "yarn");
  EXPECT_FLOAT_EQ(rope.attention_factor, 1.138629436111989f);
  expect_frequencies(rope, kYarn);
}

TEST(Rope, YarnWithMagnitudesAndARampOnBrokenDimensions) {
  const RopeConfig rope = rope_of({{"max_position_embeddings", 131072},
                                   {"rope_parameters", {{"rope_type", "yarn"}, {"rope_theta", 1e4}, {"factor", 16.0}, {"beta_fast", 24},
                                                        {"original_max_position_embeddings", 4096}, {"beta_slow", 2}, {"truncate", false},
                                                        {"mscale", 1.0}, {"mscale_all_dim", 0.8}}}}, 32);
  EXPECT_FLOAT_EQ(rope.attention_factor, 1.0453850485445595f);
  expect_frequencies(rope, {1, 0.56234132519, 0.316227766017, 0.177827941004, 0.1, 0.056234132519, 0.0298088244485, 0.012900692705,
                            0.00508280730031, 0.0016369879517, 0.00023376715049, 0.000111142463127, 6.25e-05, 3.51463328244e-05,
                            1.97642353761e-05, 1.11142463127e-05});
}

TEST(Rope, YarnWithItsOwnAttentionFactor) {
  const RopeConfig rope = rope_of({{"max_position_embeddings", 131072}, {"rope_theta", 1e4},
                                   {"rope_scaling", {{"rope_type", "yarn"}, {"factor", 8.0}, {"attention_factor", 1.25},
                                                     {"original_max_position_embeddings", 2048}}}}, 32);
  EXPECT_FLOAT_EQ(rope.attention_factor, 1.25f);
  expect_frequencies(rope, {1, 0.56234132519, 0.316227766017, 0.177827941004, 0.1, 0.0492048659542, 0.0237170824513, 0.0111142463127, 0.005,
                            0.00210877996946, 0.000790569415042, 0.000222284926255, 0.000125, 7.02926656488e-05, 3.95284707521e-05,
                            2.22284926255e-05});
}

TEST(Rope, ParametersPerLayerTypeMustAgree) {
  const json full = {{"rope_type", "linear"}, {"factor", 2.5}, {"rope_theta", 1e4}};
  json config = {{"max_position_embeddings", 8192}, {"rope_parameters", {{"full_attention", full}, {"sliding_attention", full}}}};
  expect_frequencies(rope_of(config, 16), kLinear);
  config["rope_parameters"]["sliding_attention"]["rope_theta"] = 1e6;
  expect_error("UNSUPPORTED", {"rope_parameters", "layer types", "one rotation"}, [&] { rope_of(config, 16); });
}

TEST(Rope, RefusesWhatItDoesNotKnow) {
  const auto refuse = [](const json& scaling, const std::string& code, const std::vector<std::string>& parts) {
    const json config = {{"max_position_embeddings", 64}, {"rope_scaling", scaling}};
    expect_error(code, parts, [&] { rope_of(config, 16); });
  };
  refuse({{"rope_type", "longrope"}}, "UNSUPPORTED", {"longrope", "default, linear, llama3, yarn"});
  refuse({{"type", "dynamic"}, {"factor", 2}}, "UNSUPPORTED", {"dynamic", "default, linear, llama3, yarn"});
  refuse({{"type", "linear"}}, "BAD_CHECKPOINT", {"no factor"});
  refuse({{"type", "linear"}, {"factor", 0}}, "BAD_CHECKPOINT", {"factor is 0"});
  refuse({{"type", "linear"}, {"factor", "two"}}, "BAD_CHECKPOINT", {"factor is \"two\""});
  refuse({{"type", 5}}, "BAD_CHECKPOINT", {"type is 5"});
  refuse({{"type", "llama3"}, {"factor", 8}, {"low_freq_factor", 4}, {"high_freq_factor", 4}}, "BAD_CHECKPOINT",
         {"high_freq_factor is 4", "more than"});
  refuse({{"rope_theta", -1}}, "BAD_CHECKPOINT", {"rope_theta is -1"});
  refuse({{"partial_rotary_factor", 0.5}}, "UNSUPPORTED", {"partial_rotary_factor is 0.5"});
  refuse("yarn", "BAD_CHECKPOINT", {"rope_scaling", "an object"});
}

TEST(Rope, GgufKeysGiveTheSameFrequencies) {
  const json linear = {{"x.rope.freq_base", 1e4}, {"x.rope.scaling.type", "linear"}, {"x.rope.scaling.factor", 2.5}};
  const json old = {{"x.rope.freq_base", 1e4}, {"x.rope.scale_linear", 2.5}};
  for (const json& keys : {linear, old}) expect_frequencies(make_rope(read_gguf_rope(Fields(keys, "f"), "x", 8192), 16, "f"), kLinear);
  const json yarn = {{"x.rope.freq_base", 1e6}, {"x.rope.scaling.type", "yarn"}, {"x.rope.scaling.factor", 4.0},
                     {"x.rope.scaling.original_context_length", 32768}};
  const RopeConfig rope = make_rope(read_gguf_rope(Fields(yarn, "f"), "x", 131072), 32, "f");
  EXPECT_FLOAT_EQ(rope.attention_factor, 1.138629436111989f);
  expect_frequencies(rope, kYarn);
  const json longrope = {{"x.rope.scaling.type", "longrope"}, {"x.rope.scaling.factor", 4.0}};
  expect_error("UNSUPPORTED", {"longrope", "none, linear, yarn"}, [&] { read_gguf_rope(Fields(longrope, "f"), "x", 64); });
}

}  // namespace
}  // namespace latent4j::test
