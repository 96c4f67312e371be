package org.latent4j.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.latent4j.ErrorCode;
import org.latent4j.Figures;
import org.latent4j.LatentException;
import org.latent4j.model.HubClient.RemoteFile;

/**
 * Brings the files of one model into the cache: only what is needed, resumed where a run broke off, checked against the
 * Hub's sums.
 */
final class HubDownload {
    static final List<String> SMALL_FILES = List.of("config.json", "generation_config.json", "tokenizer.json",
            "tokenizer_config.json", "chat_template.jinja");
    static final String INDEX = "model.safetensors.index.json";
    private static final String SINGLE = "model.safetensors";

    private final HubClient client;
    private final HubCache cache;
    private final HubId id;
    private final DownloadListener listener;
    private long done;
    private long total;

    HubDownload(HubClient client, HubCache cache, HubId id, DownloadListener listener) {
        this.client = client;
        this.cache = cache;
        this.id = id;
        this.listener = listener;
    }

    /** The snapshot's folder, or the GGUF file. Throws LatentException DOWNLOAD_FAILED. */
    Path run() throws IOException, InterruptedException {
        JsonNode description = client.describe(id);
        String commit = description.path("sha").asText();
        TreeSet<String> present = new TreeSet<>();
        description.path("siblings").forEach(file -> present.add(file.path("rfilename").asText()));
        List<String> names = chosen(present, commit);
        names.forEach(this::checkInside);
        checkApart(names);
        List<RemoteFile> files = new ArrayList<>();
        for (String name : names) {
            files.add(head(commit, name));
        }
        done = 0; // of an index that had to be read first
        total = files.stream().mapToLong(RemoteFile::size).sum();
        checkSpace(files);
        Path last = null;
        for (RemoteFile file : files) {
            last = fetch(file, commit);
        }
        cache.setMain(commit);
        return id.file() != null ? last : cache.folder().resolve("snapshots").resolve(commit);
    }

    /** The files to bring, small ones first. */
    private List<String> chosen(TreeSet<String> present, String commit) throws IOException, InterruptedException {
        if (id.file() != null) {
            require(present.contains(id.file()), "has no file " + id.file() + "; its GGUF files: "
                    + ending(present, ".gguf"));
            return List.of(id.file());
        }
        require(present.contains("config.json"), "has no config.json" + (ending(present, ".gguf").isEmpty() ? ""
                : "; choose one of its GGUF files, " + id.repository() + ":FILE, of " + ending(present, ".gguf")));
        List<String> names = new ArrayList<>(SMALL_FILES);
        names.retainAll(present);
        if (present.contains(INDEX)) {
            names.add(INDEX);
            names.addAll(shards(fetch(head(commit, INDEX), commit)));
        } else if (present.contains(SINGLE)) {
            names.add(SINGLE);
        } else {
            List<String> weights = ending(present, ".safetensors");
            require(!weights.isEmpty(), "has no safetensors files; other weight formats are not read");
            names.addAll(weights);
        }
        return names;
    }

    private TreeSet<String> shards(Path index) {
        TreeSet<String> shards = new TreeSet<>();
        try {
            shards = HubCache.shards(index);
        } catch (IOException e) {
            require(false, "has an index of shards that is no JSON: " + INDEX);
        }
        require(shards.size() <= HubLimits.FILES, "names " + shards.size() + " files in " + INDEX + ", more than "
                + HubLimits.FILES);
        shards.forEach(this::checkInside);
        for (String shard : shards) {
            require(shard.endsWith(".safetensors"), "names a file in " + INDEX + " that holds no safetensors: '"
                    + shard + "'");
        }
        return shards;
    }

    private static List<String> ending(TreeSet<String> names, String end) {
        return names.stream().filter(name -> name.endsWith(end)).toList();
    }

    private void checkInside(String name) {
        require(HubLimits.isInside(name), "names a file that would lie outside its folder, or that no file system "
                + "takes: '" + name + "'");
    }

    /** On some file systems names that differ in case alone are one file, and nowhere is a file a folder too. */
    private void checkApart(List<String> names) {
        Map<String, String> seen = new HashMap<>();
        for (String name : names) {
            String other = seen.put(HubLimits.folded(name), name);
            require(other == null, "names two files that some file systems take for one: '" + other + "' and '" + name
                    + "'");
        }
        for (String name : names) {
            for (int at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
                String folder = seen.get(HubLimits.folded(name.substring(0, at)));
                require(folder == null, "names '" + folder + "', which is the folder of '" + name + "'");
            }
        }
    }

    private RemoteFile head(String commit, String name) throws InterruptedException {
        RemoteFile file = client.head(id, commit, name);
        long limit = name.equals(INDEX) ? HubLimits.INDEX_BYTES
                : SMALL_FILES.contains(name) ? HubLimits.SMALL_FILE_BYTES : HubLimits.FILE_BYTES;
        require(file.size() <= limit, "names a file of " + Figures.bytes(file.size()) + ", more than the "
                + Figures.bytes(limit) + " that are read: " + name);
        return file;
    }

    private void checkSpace(List<RemoteFile> files) throws IOException {
        Files.createDirectories(cache.folder());
        long missing = 0;
        for (RemoteFile file : files) {
            missing += Math.max(0, file.size() - cache.present(file.etag()));
        }
        long room = cache.room();
        require(room == 0 || missing <= room, "needs " + Figures.bytes(missing) + " in " + cache.folder() + ", where "
                + Figures.bytes(room) + " are free; make room, or set HF_HUB_CACHE or HF_HOME to another folder");
    }

    private Path fetch(RemoteFile file, String commit) throws IOException, InterruptedException {
        return cache.locked(file.etag(), () -> {
            Path blob = cache.blob(file.etag());
            if (Files.isRegularFile(blob) && Files.size(blob) == file.size()) {
                progress(file, file.size());
            } else {
                new BlobDownload(client, cache, file, here -> progress(file, here)).run();
            }
            done += file.size();
            return cache.link(commit, file.name(), file.etag());
        });
    }

    private void progress(RemoteFile file, long here) {
        listener.onProgress(file.name(), Math.min(done + here, total), total);
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw new LatentException(ErrorCode.DOWNLOAD_FAILED, id.repository() + " " + message);
        }
    }
}
