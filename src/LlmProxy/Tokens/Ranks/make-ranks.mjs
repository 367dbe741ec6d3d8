// Makes the rank tables beside this file out of the npm package "tiktoken" (MIT, data by OpenAI):
//   npm install tiktoken@1.0.22 && node make-ranks.mjs
// Form: for each rank from 0 on one byte of length and the token's bytes; the whole compressed with brotli.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const require = createRequire(import.meta.url);
for (const name of ["o200k_base", "cl100k_base"]) {
  const { bpe_ranks } = require(`tiktoken/encoders/${name}.json`);
  const tokens = [];
  for (const line of bpe_ranks.split("\n").filter(Boolean)) {
    const [, first, ...encoded] = line.split(" ");
    encoded.forEach((token, i) => { tokens[Number(first) + i] = Buffer.from(token, "base64"); });
  }

  for (let rank = 0; rank < tokens.length; rank++) {
    if (!tokens[rank] || tokens[rank].length === 0 || tokens[rank].length > 255) {
      throw new Error(`${name}: no token of rank ${rank}`);
    }
  }

  const plain = Buffer.concat(tokens.flatMap((token) => [Buffer.from([token.length]), token]));
  const packed = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  });
  writeFileSync(new URL(`${name}.br`, import.meta.url), packed);
  console.log(name, tokens.length, "tokens,", plain.length, "bytes, packed", packed.length);
}
