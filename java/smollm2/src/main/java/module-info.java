/** The checkpoint SmolLM2-135M-Instruct in a jar. */
module org.latent4j.smollm2 {
    exports org.latent4j.smollm2;
}
