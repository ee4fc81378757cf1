package org.xenolith.xl;

import org.xenolith.images.CreateOptions;
import org.xenolith.images.ImageFormat;

/// What follows `-o`: names and values, in qemu-img's spelling.
final class ImageDetails {
    private ImageDetails() {}

    static CreateOptions apply(String text, CreateOptions options) throws UsageException {
        var result = options;
        for (var word : text.split(",")) {
            if (!word.isBlank()) {
                int equals = word.indexOf('=');
                if (equals < 0) {
                    throw new UsageException("option \"" + word + "\" has no value");
                }
                result = apply(word.substring(0, equals), word.substring(equals + 1), result);
            }
        }
        return result;
    }

    private static CreateOptions apply(String name, String value, CreateOptions options)
            throws UsageException {
        boolean qcow2 = options.format() == ImageFormat.QCOW2;
        if (qcow2 && name.equals("cluster_size")) {
            long bytes = ByteSize.parse(value);
            if (Long.bitCount(bytes) != 1 || bytes > 1 << 30) {
                throw new UsageException("cluster_size is a power of two");
            }
            return options.clusters(Long.numberOfTrailingZeros(bytes));
        }
        if (qcow2 && name.equals("refcount_bits")) {
            return options.refcounts((int) Math.min(ByteSize.parse(value), 128));
        }
        return switch (options.format().spelling() + " " + name + "=" + value) {
            case "qcow2 compat=0.10", "qcow2 compat=v2" -> options.version(2);
            case "qcow2 compat=1.1", "qcow2 compat=v3" -> options.version(3);
            case "qcow2 compression_type=zlib" -> options.packedByZstd(false);
            case "qcow2 compression_type=zstd" -> options.packedByZstd(true);
            case "vhd subformat=dynamic" -> options.fixed(false);
            case "vhd subformat=fixed" -> options.fixed(true);
            default ->
                    throw new UsageException(
                            "%s has no option \"%s=%s\""
                                    .formatted(options.format().spelling(), name, value));
        };
    }
}
