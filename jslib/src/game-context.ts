/** The game's own WebGL context, which nobody can bring back: Unity keeps nothing of what lay on it. */
import type { Host } from "./api";

/** Calls `lost` when the game's context is lost, at once if it is already; the returned function ends that. */
export function watchGameContext(host: Host, lost: () => void): () => void {
  const gl = host.gl();
  if (!gl) return () => undefined;
  if (gl.isContextLost()) lost();
  gl.canvas.addEventListener("webglcontextlost", lost);
  return () => gl.canvas.removeEventListener("webglcontextlost", lost);
}
