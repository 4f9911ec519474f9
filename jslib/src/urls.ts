/** URLs of the files that belong to a model. */
import { BAD_CONTRACT } from "./generated/errors";
import { Failure } from "./failure";

/** The contract's absolute URL. Unity's StreamingAssets path is relative to the page's own URL and ignores <base>. */
export function contractUrlOf(url: string, page: string): string {
  return new URL(url, page).href;
}

const SCHEME_OR_ROOT = /^([a-z][a-z0-9+.-]*:|[/\\])/i;

/** True for a relative path with "/" between plain segments. */
function staysBelow(path: string): boolean {
  if (path === "" || SCHEME_OR_ROOT.test(path) || /[\\\u0000-\u001f]/.test(path)) return false;
  return path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}

const RUNTIME = "../runtime/";

/**
 * The URL of a file that the contract at `contractUrl` names. A path stays in the contract's folder, or in the
 * runtime's folder beside it; anything else is a contract that this runtime did not write.
 */
export function fileUrl(contractUrl: string, path: string): string {
  const inRuntime = path.startsWith(RUNTIME);
  const rest = inRuntime ? path.slice(RUNTIME.length) : path;
  if (!staysBelow(rest)) throw new Failure(BAD_CONTRACT({ url: contractUrl, reason: `the path ${path} leaves its folder` }));
  const encoded = rest.split("/").map(encodeURIComponent).join("/");
  return new URL((inRuntime ? RUNTIME : "./") + encoded, contractUrl).href;
}

/** The URL of a file that lies beside the script at `scriptUrl`. */
export function besideScript(scriptUrl: string, page: string, name: string): string {
  return new URL(encodeURIComponent(name), new URL(scriptUrl, page)).href;
}
