/** Teams of LLM agents that hand each other latent thoughts instead of text. */
module org.latent4j {
    requires com.fasterxml.jackson.dataformat.yaml;
    requires java.net.http;
    requires org.bytedeco.javacpp;
    requires org.latent4j.jinja;
    requires transitive com.fasterxml.jackson.databind;

    exports org.latent4j;
    exports org.latent4j.agent;
    exports org.latent4j.latent;
    exports org.latent4j.memory;
    exports org.latent4j.model;
    exports org.latent4j.text;

    exports org.latent4j.internal to org.latent4j.cli, org.latent4j.smollm2; // LocalPath, CacheFolder

    // JavaCPP reads the annotations of the generated classes.
    opens org.latent4j.internal to org.bytedeco.javacpp;
}
