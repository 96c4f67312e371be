package org.latent4j.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.WeakHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.LatentModel;

/**
 * The askings on one model instance. They work side by side; one that finds too few pages while others hold some gives
 * its own back, waits, and works anew when nobody else does. Whoever comes while somebody waits gets in line, first
 * come, first served, and works alone as well: they share the threads that compute, so little is lost, and nobody fails
 * twice.
 */
final class AskingQueue {
    private static final Map<LatentModel, AskingQueue> QUEUES = Collections.synchronizedMap(new WeakHashMap<>());
    /** Whether this thread is inside a listener: an asking waits for it, so it must not wait for an asking. */
    private static final ThreadLocal<Boolean> LISTENING = ThreadLocal.withInitial(() -> false);

    private final ReentrantLock lock = new ReentrantLock();
    private final TreeSet<Ticket> waiting = new TreeSet<>(Comparator.comparingLong(ticket -> ticket.number));
    private final Set<Ticket> working = new LinkedHashSet<>();
    private long tickets;

    private AskingQueue() {
    }

    static AskingQueue of(LatentModel model) {
        return QUEUES.computeIfAbsent(model, key -> new AskingQueue());
    }

    /** Runs what a listener does on hearing something; askings in it do not wait. */
    static void listening(Runnable body) {
        boolean before = LISTENING.get();
        LISTENING.set(true);
        try {
            body.run();
        } finally {
            LISTENING.set(before);
        }
    }

    /** How many are waiting. */
    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** A place in the order of arrival, for one batch of questions. */
    Ticket ticket(LatentModel model) {
        lock.lock();
        try {
            return new Ticket(model, tickets++);
        } finally {
            lock.unlock();
        }
    }

    /** One batch of questions, from its arrival to its answers. */
    final class Ticket {
        private final Condition turn = lock.newCondition();
        private final Thread thread = Thread.currentThread();
        private final boolean mayWait = !LISTENING.get();
        private final LatentModel model;
        private final long number;
        private long nanosLeft;
        // While it works, guarded by lock:
        private OpenMemories memories;
        private boolean alone;
        private boolean hadCompany;

        private Ticket(LatentModel model, long number) {
            this.model = model;
            this.number = number;
            nanosLeft = model.options().waitForMemory().toNanos();
        }

        /**
         * Does {@code work} with memories that are closed after it, in its turn, and again if it lacked pages for which
         * others may have been the reason.
         *
         * @throws LatentException what {@code work} throws; {@code OUT_OF_PAGES} if its turn does not come in time;
         *     {@code CANCELLED} if the thread is interrupted while it waits
         */
        <T> T run(Function<OpenMemories, T> work) {
            LatentException lacking = null;
            while (true) {
                try (OpenMemories opened = enter(lacking)) {
                    return work.apply(opened);
                } catch (LatentException e) {
                    if (e.code() != ErrorCode.OUT_OF_PAGES || !othersMayBeTheReason()) {
                        throw e;
                    }
                    lacking = e;
                } finally {
                    leave();
                }
            }
        }

        private boolean othersMayBeTheReason() {
            lock.lock();
            try {
                return memories != null && hadCompany && !alone && mayWait;
            } finally {
                lock.unlock();
            }
        }

        private OpenMemories enter(LatentException lacking) {
            lock.lock();
            try {
                alone = mayWait && (lacking != null || !waiting.isEmpty() || working.stream().anyMatch(t -> t.alone));
                if (alone) {
                    awaitTurn(lacking);
                }
                hadCompany = !working.isEmpty();
                working.forEach(other -> other.hadCompany = true);
                memories = new OpenMemories();
                working.add(this);
                return memories;
            } finally {
                lock.unlock();
            }
        }

        private void awaitTurn(LatentException lacking) {
            waiting.add(this);
            try {
                while (waiting.first() != this || !working.isEmpty()) {
                    if (nanosLeft <= 0) {
                        throw new LatentException(ErrorCode.OUT_OF_PAGES, inVain(lacking), lacking);
                    }
                    nanosLeft = turn.awaitNanos(nanosLeft);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new LatentException(ErrorCode.CANCELLED, "the thread was interrupted while its asking waited for"
                    + " others' memory", e);
            } finally {
                waiting.remove(this);
                callNext();
            }
        }

        private String inVain(LatentException lacking) {
            String why = lacking == null ? ""
                : lacking.getMessage().substring(("[" + lacking.code() + "] ").length()) + "; ";
            JsonNode pool = pool();
            long pages = pool.path("pool_pages").asLong();
            String holders = working.stream().map(other -> "thread '" + other.thread.getName() + "' at least "
                + other.memories.pages(pool.path("page_size").asInt())).collect(Collectors.joining(", "));
            return why + "waited " + model.options().waitForMemory().toMillis() / 1e3 + " s (waitForMemory) behind "
                + waiting.headSet(this).size() + " other waiting askings and " + working.size() + " at work; "
                + (pages - model.freePages()) + " of " + pages + " pages are held" + (holders.isEmpty() ? "" : ", by ")
                + holders;
        }

        private JsonNode pool() {
            try {
                return new ObjectMapper().readTree(model.info().json());
            } catch (JsonProcessingException e) {
                throw new LatentException(ErrorCode.INTERNAL, "what the model says of itself is no JSON", e);
            }
        }

        private void leave() {
            lock.lock();
            try {
                if (working.remove(this)) {
                    memories = null;
                    callNext();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private void callNext() {
        if (working.isEmpty() && !waiting.isEmpty()) {
            waiting.first().turn.signal();
        }
    }
}
