package org.latent4j.jinja;

import java.math.BigInteger;

/** Python's range, never written out. */
record Range(long start, long end, long step, int length) {
    /** Bounds are arguments of {@code range(stop)} or {@code range(start, stop, step)}. */
    static Range of(long start, long stop, long step) {
        if (step == 0) {
            throw new TemplateException("range() arg 3 must not be zero");
        }
        BigInteger span = BigInteger.valueOf(stop).subtract(BigInteger.valueOf(start));
        BigInteger by = BigInteger.valueOf(step);
        BigInteger count = span.signum() != by.signum() ? BigInteger.ZERO
                : span.subtract(BigInteger.valueOf(by.signum())).divide(by).add(BigInteger.ONE);
        if (count.compareTo(BigInteger.valueOf(Limits.RANGE)) > 0) {
            throw new TemplateException("Range too big. The sandbox blocks ranges larger than MAX_RANGE ("
                    + Limits.RANGE + ").");
        }
        return new Range(start, stop, step, count.intValue());
    }

    Long get(int index) {
        return start + index * step;
    }
}
