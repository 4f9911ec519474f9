/** What the camera needs of a browser's page. */

export type Devices = Pick<MediaDevices, "getUserMedia" | "enumerateDevices" | "addEventListener">;

export interface CameraPage {
  readonly document: Pick<Document, "createElement">;
  /** Missing on pages that are not secure. */
  readonly mediaDevices: Devices | undefined;
  readonly secure: boolean;
  readonly origin: string;
  /** The page runs inside another one. */
  readonly framed: boolean;
  /** What the permissions policy says about cameras; null where the browser does not tell. */
  allowed(): boolean | null;
  /** Milliseconds. */
  now(): number;
}

/** Chromium's, under its old and its coming name. */
interface Policed {
  readonly permissionsPolicy?: { allowsFeature(name: string): boolean };
  readonly featurePolicy?: { allowsFeature(name: string): boolean };
}

function allowed(): boolean | null {
  const { permissionsPolicy, featurePolicy } = document as Policed;
  return (permissionsPolicy ?? featurePolicy)?.allowsFeature("camera") ?? null;
}

export const currentPage = (): CameraPage => ({
  document,
  mediaDevices: navigator.mediaDevices as MediaDevices | undefined,
  secure: isSecureContext,
  origin: location.origin,
  framed: window !== window.top,
  allowed,
  now: () => performance.now(),
});
