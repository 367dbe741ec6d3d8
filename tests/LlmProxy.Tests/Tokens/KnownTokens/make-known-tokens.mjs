// Makes known-tokens.jsonl, one text a line with its tokens in both encodings, by the npm package "tiktoken":
//   npm install tiktoken@1.0.22 && node make-known-tokens.mjs [number of random texts] [file]
// The same numbers draw the same texts. A large number in another file is for a thorough look (LLMPROXY_KNOWN_TOKENS).
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const { get_encoding } = require("tiktoken");
const encodings = [get_encoding("o200k_base"), get_encoding("cl100k_base")];

let seed = 20261121;
const random = (below) => { // xorshift
  seed ^= seed << 13; seed ^= seed >>> 17; seed ^= seed << 5;
  return (seed >>> 0) % below;
};
const pick = (list) => list[random(list.length)];
const many = (most, make) => Array.from({ length: 1 + random(most) }, make).join("");

const written = [
  "", " ", "a", "\n", "\r\n", "'", "Hello, world!", "The ferry leaves at 07:45; bring 12,500 kr. and your dog's papers.",
  "I'm sure they'll say we've won, you'd think it's done, they're DON'T, I'LL, HE'S and You'Re'", "'s't're've'm'll'd 'S'T'RE'VE'M'LL'D ' s ' l", "it'\u017f don'\u017fx 'lL 'Ll'rE", "d'accord l'été aujourd'hui",
  "camelCaseWords XMLHttpRequest getURLFromID HTMLElement aB Ab AB abC ABc", "snake_case_name SCREAMING_SNAKE kebab-case-name $var @attr #tag",
  "1 12 123 1234 12345 123456789 3.14159e-10 0xDEADBEEF 1_000_000 ١٢٣٤ ⅷ ½ ²³ 一二三",
  "   leading", "trailing   ", "two  spaces   three    four", "\t\ttabs\t and \t mixed", "line\nline\n\nline\n\n\nline", "crlf\r\nline\r\n\r\nend\r\n", "end with spaces and break  \n  ", " \n \n x", "\n\n  \n\t\n    indented", "a \u00a0\u3000b\u2028c\u0085d", "  \n", "x  \n", "\n  ", "\u3000\u3000全角",
  "def area(r):\n    \"\"\"Area of a circle.\"\"\"\n    return 3.14159 * r ** 2  # πr²\n\n\nif __name__ == \"__main__\":\n    print(area(2))\n",
  "public static async Task<int> Main(string[] args)\n{\n\tforeach (var (key, value) in _map.Where(p => p.Value?.Count > 0))\n\t{\n\t\tawait Console.Out.WriteLineAsync($\"{key}: {value!.Count:N2}\");\n\t}\n\n\treturn 0;\n}\n",
  "SELECT t.id, COUNT(*) FROM trips AS t LEFT JOIN boats b ON b.id = t.boat_id WHERE b.name LIKE '%gull%' GROUP BY 1 HAVING COUNT(*) >= 3;",
  "{\"name\":\"gull\",\"tags\":[\"a\",\"b\"],\"nested\":{\"n\":-1.5e+3,\"ok\":true,\"none\":null}}", "<div class=\"a b\">&nbsp;<!-- c --></div>", "https://example.com/a/b?c=d&e=f#g //comment\n// more/\r\n/x", "!!!??? ... --- *** === ///\n/// ~~~\n\n", "a/b/c \\path\\to\\file C:\\Temp\\x.txt", "#!/bin/sh\nset -euo pipefail\nfor f in *.txt; do echo \"${f%.txt}\" | tr a-z A-Z; done\n",
  "春のうららの隅田川、のぼりくだりの船人が", "今天天气很好，我们一起去公园散步吧。123个苹果！", "안녕하세요, 오늘은 날씨가 참 좋네요.", "Съешь же ещё этих мягких французских булок", "Γειά σου Κόσμε, τι κάνεις;", "שלום עולם, מה שלומך?", "مرحبا بالعالم، كيف حالك؟ ١٢٣", "नमस्ते दुनिया, आप कैसे हैं? कि की", "สวัสดีชาวโลก วันนี้เป็นอย่างไรบ้าง", "Tiếng Việt có dấu", "e\u0301 a\u0308B\u0303C \u0301x A\u0301 \u0301\u0301 ab\u0301CD\u0301e", "ǅungla ǈ ǋ ῼ ªº ʰʲ ﬁ ß ẞ İı",
  "🙂", "👩‍👩‍👧‍👦 family 🏳️‍🌈 flag 🇩🇰 👍🏽", "text🙂text 🙂🙂🙂 ❤️", "\ud800", "a\udc00b", "\ud83d x \ude42", "\u0000\u0001\u001f\u007f", "\ufeffbom", "\ufffd\ufffe\uffff", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛𝟜 𐍈",
  "<|endoftext|>", "<|im_start|>user<|im_sep|> hi<|im_end|><|endofprompt|>", "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>",
  "antidisestablishmentarianism Donaudampfschifffahrtsgesellschaftskapitän", "a".repeat(200), "A".repeat(131), "ab".repeat(90), " ".repeat(150), "\n".repeat(70), "-".repeat(300), "=".repeat(77) + "\n", "0".repeat(100), "é".repeat(80), "漢".repeat(90), "🙂".repeat(40), "aaaaaaaaaab".repeat(20), "qzxj".repeat(60), "\u0301".repeat(50), "'".repeat(30), "'s".repeat(30),
];

const words = "the of and gull harbour Ferry TICKET it's don't I'll we've you'd int return const useState __init__ λ naïve Straße öl Øre 東京 大阪市 です 한국어 Москва привет ελληνικά 🙂 👍🏽 é\u0301 http:// .com =>".split(" ");
const ranges = [[0, 0x7f], [0x80, 0x24f], [0x250, 0x3ff], [0x400, 0x52f], [0x590, 0x6ff], [0x900, 0xdff], [0xe00, 0xfff], [0x1e00, 0x1fff], [0x2000, 0x2bff], [0x2c60, 0x2dff], [0x3000, 0x30ff], [0x4e00, 0x9fa5], [0xac00, 0xd7a3], [0xd800, 0xdfff], [0xf900, 0xfaff], [0xfe00, 0xffff], [0x10000, 0x1018f], [0x1d400, 0x1d7ff], [0x1f300, 0x1f64f], [0xe0000, 0xe01ef]];
const makers = [
  () => many(30, () => pick(words) + pick([" ", " ", " ", "  ", "\n", "", ", ", ". ", "'", "/", "\t", "-", "_"])),
  () => many(40, () => { const [from, to] = pick(ranges); return String.fromCodePoint(from + random(to - from + 1)); }),
  () => { const [from, to] = pick(ranges); return many(30, () => pick(["", "", "", " ", "a", "A", "1", "'s"]) + String.fromCodePoint(from + random(to - from + 1))); },
  () => many(30, () => pick([" ", "\n", "\r", "\t", "\r\n", "  ", "a", "A", "1", "'", "s", "L", "l", "/", ".", "!", "é", "É", "中", "\u0301", "ʰ", "ǅ", "\u00a0", "\u017f"])),
  () => many(60, () => String.fromCharCode(32 + random(95))),
  () => many(25, () => pick(["a", "b", "aa", "ab", "ba", "é", "漢"]).repeat(1 + random(12))),
];

const count = Number(process.argv[2] ?? 400);
const texts = [...written, ...Array.from({ length: count }, () => pick(makers)())];
const lines = texts.map((text) => {
  const [o200k, cl100k] = encodings.map((encoding) => [...encoding.encode(text, [], [])]);
  return JSON.stringify({ text, o200k, cl100k });
});
writeFileSync(process.argv[3] ?? new URL("known-tokens.jsonl", import.meta.url), lines.join("\n") + "\n");
