/** The command line of latent4j. */
module org.latent4j.cli {
    requires info.picocli;
    requires java.logging;
    requires org.latent4j;
    requires org.latent4j.smollm2;

    opens org.latent4j.cli to info.picocli; // reads the annotations, sets the options
}
