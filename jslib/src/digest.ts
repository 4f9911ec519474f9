/** SHA-256 in hex. Browsers offer crypto.subtle on secure pages only; plain http gets the slower one in JavaScript. */
import { sha256 } from "@noble/hashes/sha2.js";

export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  const digest = subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
