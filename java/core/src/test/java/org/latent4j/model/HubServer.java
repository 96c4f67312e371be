package org.latent4j.model;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A Hub on a local port that answers as huggingface.co does, and misbehaves on request. Plain sockets: a line must be
 * able to drop.
 */
final class HubServer implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    /** headers: names in lower case. */
    record Request(String method, String path, Map<String, String> headers) {
        long offset() {
            String range = headers.get("range");
            return range == null ? 0 : Long.parseLong(range.replaceAll("bytes=(\\d+)-", "$1"));
        }
    }

    /** Answers a request itself and says so, or leaves it. */
    @FunctionalInterface
    interface Trick {
        boolean answer(Request request, OutputStream out) throws IOException;
    }

    final List<Request> requests = new CopyOnWriteArrayList<>();
    final Map<String, byte[]> files = new ConcurrentHashMap<>();
    volatile Trick trick = (request, out) -> false;
    /** The path below which it lies; nothing else is answered. */
    volatile String prefix = "";
    private final ServerSocket socket;

    HubServer() throws IOException {
        socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread accepting = new Thread(this::accept, "hub-server");
        accepting.setDaemon(true);
        accepting.start();
    }

    String address() {
        return "http://localhost:" + socket.getLocalPort();
    }

    int count(String method, String end) {
        return (int) requests.stream().filter(r -> r.method().equals(method) && r.path().endsWith(end)).count();
    }

    static String sha256(byte[] bytes) {
        return digest("SHA-256", bytes);
    }

    private static String digest(String algorithm, byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            for (byte[] part : parts) {
                digest.update(part);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As the Hub: SHA-256 of weights, git's blob id of the rest. */
    static String etag(String name, byte[] content) {
        boolean large = name.endsWith(".safetensors") || name.endsWith(".gguf");
        return large ? sha256(content) : digest("SHA-1", ("blob " + content.length + "\0")
                .getBytes(StandardCharsets.US_ASCII), content);
    }

    static void respond(OutputStream out, String status, String headers, byte[] body) throws IOException {
        out.write(("HTTP/1.1 " + status + "\r\nConnection: close\r\n" + headers + "\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.write(body);
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket connection = socket.accept();
                Thread thread = new Thread(() -> serve(connection), "hub-connection");
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                if (!socket.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void serve(Socket connection) {
        try (connection; InputStream in = new BufferedInputStream(connection.getInputStream());
                OutputStream out = connection.getOutputStream()) {
            String first = line(in);
            if (first.isEmpty()) {
                return;
            }
            Map<String, String> headers = new TreeMap<>();
            for (String header = line(in); !header.isEmpty(); header = line(in)) {
                headers.put(header.substring(0, header.indexOf(':')).toLowerCase(),
                        header.substring(header.indexOf(':') + 1).strip());
            }
            Request request = new Request(first.split(" ")[0], first.split(" ")[1], headers);
            requests.add(request);
            if (!trick.answer(request, out)) {
                answer(request, out);
            }
        } catch (IOException e) {
            return; // the client hung up, as some tests want it to
        }
    }

    private void answer(Request request, OutputStream out) throws IOException {
        if (!request.path().startsWith(prefix + "/")) {
            respond(out, "404 Not Found", "Content-Length: 0\r\n", new byte[0]);
            return;
        }
        if (request.path().startsWith(prefix + "/api/models/")) {
            StringBuilder names = new StringBuilder();
            new TreeMap<>(files).keySet().forEach(name -> names.append(names.isEmpty() ? "" : ",")
                    .append("{\"rfilename\":\"")
                    .append(name.replace("\\", "\\\\")).append("\"}"));
            byte[] body = ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + names + "]}")
                    .getBytes(StandardCharsets.UTF_8);
            respond(out, "200 OK", "Content-Length: " + body.length + "\r\n", body);
            return;
        }
        String name = request.path().substring(request.path().indexOf(COMMIT) + COMMIT.length() + 1);
        byte[] content = files.get(name);
        if (content == null) {
            respond(out, "404 Not Found", "Content-Length: 0\r\n", new byte[0]);
            return;
        }
        send(request, out, content, "ETag: \"" + etag(name, content) + "\"\r\n", content.length);
    }

    /** The file from the offset asked for, at most `limit` bytes of it: the line drops after them. */
    static void send(Request request, OutputStream out, byte[] content, String headers, long limit) throws IOException {
        int offset = (int) request.offset();
        if (offset >= content.length && offset > 0) {
            respond(out, "416 Range Not Satisfiable", "Content-Length: 0\r\n", new byte[0]);
            return;
        }
        String status = offset > 0 ? "206 Partial Content" : "200 OK";
        String range = offset > 0 ? "Content-Range: bytes " + offset + "-" + (content.length - 1) + "/"
                + content.length + "\r\n" : "";
        respond(out, status, headers + range + "Content-Length: " + (content.length - offset) + "\r\n", new byte[0]);
        if (request.method().equals("GET")) {
            out.write(content, offset, (int) Math.min(limit, content.length - offset));
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.append(c == '\r' ? "" : (char) c);
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
