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

    /** The snapshot's folder of main, or the GGUF file. Throws LatentException DOWNLOAD_FAILED. */
    Path run() throws IOException, InterruptedException {
        JsonNode description = client.describe(id, "main");
        Path last = bring(description);
        cache.setMain(description.path("sha").asText());
        return last;
    }

    /**
     * Brings what a snapshot lacks of the files that a model need not have, of the commit that it is of.
     *
     * @param unknown files of which the cache does not say whether the Hub has them
     * @throws LatentException DOWNLOAD_FAILED
     */
    void complete(String commit, List<String> unknown) throws IOException, InterruptedException {
        TreeSet<String> present = names(client.describe(id, commit));
        List<RemoteFile> files = new ArrayList<>();
        for (String name : unknown) {
            if (present.contains(name)) {
                files.add(head(commit, name));
            }
        }
        fetch(files, commit);
        cache.setAbsent(commit, unknown.stream().filter(name -> !present.contains(name)).toList());
    }

    private static TreeSet<String> names(JsonNode description) {
        TreeSet<String> names = new TreeSet<>();
        description.path("siblings").forEach(file -> names.add(file.path("rfilename").asText()));
        return names;
    }

    private Path bring(JsonNode description) throws IOException, InterruptedException {
        String commit = description.path("sha").asText();
        TreeSet<String> present = names(description);
        List<String> names = chosen(present, commit);
        names.forEach(this::checkInside);
        checkApart(names);
        List<RemoteFile> files = new ArrayList<>();
        for (String name : names) {
            files.add(head(commit, name));
        }
        Path last = fetch(files, commit);
        if (id.file() != null) {
            return last;
        }
        cache.setAbsent(commit, HubCache.KNOWN.stream().filter(name -> !present.contains(name)).toList());
        return cache.snapshot(commit);
    }

    private Path fetch(List<RemoteFile> files, String commit) throws IOException, InterruptedException {
        done = 0; // of an index that had to be read first
        total = files.stream().mapToLong(RemoteFile::size).sum();
        checkSpace(files, commit);
        Path last = null;
        for (RemoteFile file : files) {
            last = fetch(file, commit);
        }
        return last;
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
        List<String> names = new ArrayList<>(HubCache.SMALL_FILES);
        names.retainAll(present);
        if (present.contains(HubCache.SINGLE)) { // before the index, as it is when the folder is opened
            names.add(HubCache.SINGLE);
        } else if (present.contains(HubCache.INDEX)) {
            names.add(HubCache.INDEX);
            names.addAll(shards(fetch(head(commit, HubCache.INDEX), commit)));
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
            require(false, "has an index of shards that is no JSON: " + HubCache.INDEX);
        }
        require(shards.size() <= HubLimits.FILES, "names " + shards.size() + " files in " + HubCache.INDEX
                + ", more than " + HubLimits.FILES);
        shards.forEach(this::checkInside);
        for (String shard : shards) {
            require(shard.endsWith(".safetensors"), "names a file in " + HubCache.INDEX
                    + " that holds no safetensors: '" + shard + "'");
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
        long limit = name.equals(HubCache.INDEX) ? HubLimits.INDEX_BYTES
                : HubCache.SMALL_FILES.contains(name) ? HubLimits.SMALL_FILE_BYTES : HubLimits.FILE_BYTES;
        require(file.size() <= limit, "names a file of " + Figures.bytes(file.size()) + ", more than the "
                + Figures.bytes(limit) + " that are read: " + name);
        return file;
    }

    private void checkSpace(List<RemoteFile> files, String commit) throws IOException {
        Files.createDirectories(cache.folder());
        long missing = 0;
        for (RemoteFile file : files) {
            missing += isThere(file, commit) ? 0 : Math.max(0, file.size() - cache.present(file.etag()));
        }
        long room = cache.room();
        require(room == 0 || missing <= room, "needs " + Figures.bytes(missing) + " in " + cache.folder() + ", where "
                + Figures.bytes(room) + " are free; make room, or set HF_HUB_CACHE or HF_HOME to another folder");
    }

    /** Other programs leave no blob beside it where the file system has no links. */
    private boolean isThere(RemoteFile file, String commit) throws IOException {
        Path there = cache.snapshot(commit).resolve(file.name());
        return Files.isRegularFile(there) && Files.size(there) == file.size();
    }

    private Path fetch(RemoteFile file, String commit) throws IOException, InterruptedException {
        if (isThere(file, commit)) {
            progress(file, file.size());
            done += file.size();
            return cache.snapshot(commit).resolve(file.name());
        }
        return cache.locked(file.etag(), client.patience(), () -> {
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
