/** Why there is no picture of the camera: from what the browser throws and says to a state and an error. */
import { CameraState } from "../generated/abi";
import {
  CAMERA_DENIED, CAMERA_FAILED, CAMERA_IN_USE, CAMERA_NOT_IN_FRAME, CAMERA_STOPPED, CAMERA_UNPLUGGED, INSECURE_PAGE,
  NO_CAMERA, type CatalogueError,
} from "../generated/errors";
import type { CameraPage, Devices } from "./camera-page";

export interface Trouble {
  readonly state: number;
  readonly error: CatalogueError;
}

export const unplugged = (): Trouble => ({ state: CameraState.UNPLUGGED, error: CAMERA_UNPLUGGED() });
export const stopped = (): Trouble => ({ state: CameraState.STOPPED, error: CAMERA_STOPPED() });
export const failed = (reason: string): Trouble => ({ state: CameraState.FAILED, error: CAMERA_FAILED({ reason }) });
const notInFrame = (): Trouble => ({ state: CameraState.NOT_ALLOWED_IN_FRAME, error: CAMERA_NOT_IN_FRAME() });

export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? [thrown.name, thrown.message].filter(Boolean).join(": ") : String(thrown);

/** The page's cameras, or what is wrong before anybody is asked. */
export function devicesOf(page: CameraPage): Devices | Trouble {
  if (page.allowed() === false) return notInFrame();
  if (page.mediaDevices) return page.mediaDevices;
  if (page.secure) return failed("the page has no access to cameras (navigator.mediaDevices is missing)");
  return { state: CameraState.INSECURE_PAGE, error: INSECURE_PAGE({ origin: page.origin }) };
}

/** What `getUserMedia` threw; names of the Media Capture specification. */
export async function troubleOf(thrown: unknown, page: CameraPage): Promise<Trouble> {
  const reason = reasonOf(thrown);
  switch (thrown instanceof Error ? thrown.name : "") {
    case "NotFoundError":
      return { state: CameraState.NO_CAMERA, error: NO_CAMERA({ reason }) };
    case "NotReadableError":
      return { state: CameraState.IN_USE, error: CAMERA_IN_USE({ reason }) };
    case "NotAllowedError":
      if (await hiddenFromFrame(page)) return notInFrame();
      return { state: CameraState.PERMISSION_DENIED, error: CAMERA_DENIED({ reason }) };
    default:
      return failed(reason);
  }
}

/** Browsers that do not tell their policy leave out of a frame's list what it may not use. */
async function hiddenFromFrame(page: CameraPage): Promise<boolean> {
  if (!page.framed || page.allowed() !== null) return false;
  const devices = await page.mediaDevices!.enumerateDevices().catch(() => null);
  return devices !== null && !devices.some(({ kind }) => kind === "videoinput");
}
