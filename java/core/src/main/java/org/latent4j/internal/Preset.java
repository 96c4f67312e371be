package org.latent4j.internal;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/** Tells JavaCPP how to turn {@code latent4j.h} into the class {@code Native}, which the build generates. */
@Properties(
        value = @Platform(include = "latent4j.h", library = "jnilatent4j"),
        target = "org.latent4j.internal.Native",
        global = "org.latent4j.internal.Native")
public class Preset implements InfoMapper {
    @Override
    public void map(InfoMap infoMap) {
        infoMap.put(new Info("std::string").annotations("@StdString").valueTypes("String").pointerTypes("BytePointer"));
    }
}
