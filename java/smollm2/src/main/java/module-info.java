/** The checkpoint SmolLM2-135M-Instruct in a jar. */
module org.latent4j.smollm2 {
    requires org.latent4j;

    exports org.latent4j.smollm2;
}
