// Brotli, from stdin to stdout. Flushed before the first byte, so that the stream begins with an empty metadata block
// that ends on a byte: there the packer puts Unity's remark.
import { readFileSync } from "node:fs";
import { constants, createBrotliCompress } from "node:zlib";

const stream = createBrotliCompress({ params: { [constants.BROTLI_PARAM_LGWIN]: 22, [constants.BROTLI_PARAM_QUALITY]: 5 } });
stream.pipe(process.stdout);
stream.flush(constants.BROTLI_OPERATION_FLUSH, () => stream.end(readFileSync(0)));
