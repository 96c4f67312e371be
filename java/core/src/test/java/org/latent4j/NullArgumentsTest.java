package org.latent4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.latent4j.agent.Agent;
import org.latent4j.agent.Prompts;
import org.latent4j.agent.Topology;
import org.latent4j.latent.Alignment;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.Penalties;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutFigures;
import org.latent4j.latent.RolloutListener;
import org.latent4j.latent.RolloutResult;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.Soft;
import org.latent4j.latent.ThinkUntil;
import org.latent4j.latent.Thinking;
import org.latent4j.latent.Thought;
import org.latent4j.memory.Memory;
import org.latent4j.memory.KeysAndValues;
import org.latent4j.model.DownloadListener;
import org.latent4j.model.FilledFolder;
import org.latent4j.model.ModelInfo;
import org.latent4j.model.ModelOptions;
import org.latent4j.text.GenerationConfig;
import org.latent4j.text.RenderedChat;

/**
 * Every argument of every public method and constructor: a null where none may be is a NullPointerException whose
 * message is the argument's name, and a null in a list says at which index.
 */
class NullArgumentsTest {
    private static final List<String> PACKAGES = List.of("", "agent", "latent", "memory", "model", "text");
    /** Arguments that may be null, and say so. */
    private static final Set<String> OPTIONAL = Set.of("LatentException.message", "LatentException.cause",
        "LatentModel.rollout.listener", "ModelOptions.cpuLevel", "ModelOptions.device", "Builder.cpuLevel.value",
        "Builder.device.value", "Agent.system", "Agent.withSystem.message", "Tokenizer.from.ggufMetadata",
        "ChatTemplate.from.ggufMetadata", "GenerationConfig.from.ggufMetadata");

    /** What only the library makes. */
    private static final Set<Class<?>> RESULTS = Set.of(Answer.class, AgentTrace.class, Figures.class,
        ThinkingFigures.class, Machine.class, Machine.Gpu.class, ModelInfo.class, GenerationConfig.class,
        KeysAndValues.class, FilledFolder.class, RolloutResult.class, RolloutResult.Member.class, RolloutFigures.class,
        Thought.class, Thought.Likely.class, Alignment.class, AlignmentChoice.class);

    private static final Map<Class<?>, Object> SAMPLES = new HashMap<>();
    private static LatentModel model;

    @BeforeAll
    static void samples() {
        Path folder = Golden.of("tiny-qwen3").folder();
        model = LatentModel.open(folder, Device.cpu());
        Memory memory = model.newMemory();
        for (Object sample : List.of(model, folder, Team.single(model), Team.builder(model), Team.single(model).plan(),
            Prompts.builtIn(), Agent.of("a", "{question}"), model.tokenizer(), model.chatTemplate(), Device.cpu(),
            ModelOptions.defaults(), ModelOptions.builder(), memory.all(), Sampling.greedy(1), ErrorCode.INTERNAL,
            Rollout.builder().add(memory, new int[] {1}).build(), "{question}", new int[] {1}, new float[] {1},
            Optional.empty(), Map.of(), new float[0], Machine.current(), model.generation(), model.info(),
            RenderedChat.of("x"), Thinking.of(1), Soft.DEFAULT, ThinkUntil.STEPS_ARE_DONE, Penalties.none(),
            Duration.ZERO, Rollout.builder())) {
            SAMPLES.put(sample.getClass(), sample);
        }
        SAMPLES.putAll(Map.of(Memory.class, memory, JsonNode.class, MissingNode.getInstance(), Map.class, Map.of(),
            TeamListener.class, TeamListener.NONE, DownloadListener.class, DownloadListener.NONE, Topology.class,
            Topology.SEQUENTIAL, Object.class, "x", Path.class, folder, Boolean.class, true));
        SAMPLES.put(Consumer.class, (Consumer<String>) piece -> { });
        SAMPLES.put(RolloutListener.class, new RolloutListener() { });
        SAMPLES.put(Runnable.class, (Runnable) () -> { });
        SAMPLES.put(Throwable.class, new Throwable());
        SAMPLES.put(List.class, List.of());
    }

    @AfterAll
    static void close() {
        ((Memory) SAMPLES.get(Memory.class)).close();
        model.close();
    }

    @TestFactory
    Stream<DynamicTest> everyPublicMethod() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (Class<?> type : types()) {
            for (Executable each : executables(type)) {
                for (int i = 0; i < each.getParameterCount(); i++) {
                    Parameter parameter = each.getParameters()[i];
                    String name = label(type, each) + "." + parameter.getName();
                    if (parameter.getType().isPrimitive() || OPTIONAL.contains(name)) {
                        continue;
                    }
                    int at = i;
                    tests.add(DynamicTest.dynamicTest(name + " of " + each.getParameterCount(),
                        () -> refuses(type, each, at, null, said(each, parameter))));
                    if (List.class == parameter.getType()) {
                        tests.add(DynamicTest.dynamicTest(name + "[0] of " + each.getParameterCount(),
                            () -> refuses(type, each, at, Collections.singletonList(null),
                                said(each, parameter) + "[0]")));
                    }
                }
            }
        }
        assertThat(tests).as("they are found").hasSizeGreaterThan(80);
        return tests.stream();
    }

    private static void refuses(Class<?> type, Executable each, int at, Object bad, String said) throws Exception {
        Object[] arguments = Arrays.stream(each.getParameterTypes()).map(NullArgumentsTest::sample).toArray();
        arguments[at] = bad;
        Throwable thrown = null;
        try {
            if (each instanceof Constructor<?> constructor) {
                constructor.newInstance(arguments);
            } else {
                ((Method) each).invoke(Modifier.isStatic(each.getModifiers()) ? null : sample(type), arguments);
            }
        } catch (InvocationTargetException e) {
            thrown = e.getCause();
        }
        assertThat(thrown).as(each.toString()).isInstanceOf(NullPointerException.class).hasMessage(said);
    }

    /** A method that sets one thing, of a builder or of a value that is copied, says which: its argument is a value. */
    private static String said(Executable each, Parameter parameter) {
        boolean sets = parameter.getName().equals("value") && each.getParameterCount() == 1
            && each instanceof Method method && method.getReturnType() == each.getDeclaringClass();
        if (!sets) {
            return parameter.getName();
        }
        String name = each.getName().replaceFirst("^with", "");
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }

    private static String label(Class<?> type, Executable each) {
        return type.getSimpleName() + (each instanceof Constructor ? "" : "." + each.getName());
    }

    private static Object sample(Class<?> type) {
        if (type.isEnum()) {
            return type.getEnumConstants()[0];
        }
        if (type.isPrimitive()) {
            return Array.get(Array.newInstance(type, 1), 0);
        }
        if (type.isArray() && !SAMPLES.containsKey(type)) {
            return Array.newInstance(type.getComponentType(), 0);
        }
        assertThat(SAMPLES).as("a sample of %s", type).containsKey(type);
        return SAMPLES.get(type);
    }

    private static List<Executable> executables(Class<?> type) {
        List<Executable> all = new ArrayList<>();
        if (!RESULTS.contains(type) && !Modifier.isAbstract(type.getModifiers())) {
            all.addAll(List.of(type.getConstructors()));
        }
        for (Method method : type.getDeclaredMethods()) {
            boolean ours = !method.isSynthetic() && !method.getName().equals("equals")
                && !(type.isEnum() && method.getName().equals("valueOf"));
            boolean reachable = !type.isInterface() || Modifier.isStatic(method.getModifiers());
            if (Modifier.isPublic(method.getModifiers()) && ours && reachable) {
                all.add(method);
            }
        }
        return all;
    }

    private static boolean isPublic(Class<?> type) {
        boolean outer = type.getEnclosingClass() == null || isPublic(type.getEnclosingClass());
        return outer && Modifier.isPublic(type.getModifiers());
    }

    private static List<Class<?>> types() throws IOException, URISyntaxException, ClassNotFoundException {
        Path root = Path.of(LatentModel.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<Class<?>> types = new ArrayList<>();
        for (String each : PACKAGES) {
            try (Stream<Path> files = Files.list(root.resolve("org/latent4j").resolve(each))) {
                for (Path file : files.filter(path -> path.toString().endsWith(".class")).sorted().toList()) {
                    String name = root.relativize(file).toString().replace('/', '.').replaceFirst("\\.class$", "");
                    Class<?> type = Class.forName(name, false, LatentModel.class.getClassLoader());
                    if (isPublic(type)) {
                        types.add(type);
                    }
                }
            }
        }
        return types;
    }
}
