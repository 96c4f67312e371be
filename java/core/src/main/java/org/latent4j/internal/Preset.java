package org.latent4j.internal;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * Tells JavaCPP how to turn {@code latent4j.h} into the class {@code Native}: its functions, and a nested {@code
 * Pointer} for each struct. The build compiles this class alone, runs the parser on it, and compiles the rest.
 */
@Properties(
        value = @Platform(include = "latent4j.h", library = "jnilatent4j"),
        target = "org.latent4j.internal.Native",
        global = "org.latent4j.internal.Native")
public class Preset implements InfoMapper {
    @Override
    public void map(InfoMap infoMap) {
        // The strings are JSON in ASCII, so the platform's charset, which JavaCPP decodes by, does not matter.
        infoMap.put(new Info("std::string").annotations("@StdString").valueTypes("String").pointerTypes("BytePointer"));
    }
}
