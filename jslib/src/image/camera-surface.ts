/** Reads a video's newest frame through 2D canvases: as pixels as they come, or as a picture that was turned and stretched. */
import type { Layout } from "./raster";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How a video is looked at: turned clockwise by so many degrees, then left and right swapped. */
export type View = Required<Pick<Layout, "rotation" | "mirror">>;

type Video = Pick<HTMLVideoElement, "videoWidth" | "videoHeight">;

export function uprightSize({ videoWidth, videoHeight }: Video, { rotation }: View): Size {
  const lies = rotation % 180 !== 0;
  return lies ? { width: videoHeight, height: videoWidth } : { width: videoWidth, height: videoHeight };
}

export class Surface {
  private readable: CanvasRenderingContext2D | null = null;
  private drawable: CanvasRenderingContext2D | null = null;

  constructor(private readonly document: Pick<Document, "createElement">) {}

  /** RGBA of the video's own size, row 0 on top; null where the browser gives no canvas. */
  pixels(video: HTMLVideoElement): Uint8Array | null {
    const { videoWidth: width, videoHeight: height } = video;
    const context = (this.readable ??= this.context({ willReadFrequently: true }));
    if (!context) return null;
    fit(context, width, height);
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }

  /** The video as `view` says, stretched to `width` x `height`; the video itself where that is the same. */
  shaped(video: HTMLVideoElement, view: View, { width, height }: Size): TexImageSource | null {
    const upright = uprightSize(video, view);
    const isPlain = view.rotation === 0 && !view.mirror;
    if (isPlain && upright.width === width && upright.height === height) return video;
    const context = (this.drawable ??= this.context({ alpha: false }));
    if (!context) return null;
    fit(context, width, height);
    context.setTransform((view.mirror ? -width : width) / upright.width, 0, 0, height / upright.height, width / 2, height / 2);
    context.rotate((view.rotation * Math.PI) / 180);
    context.drawImage(video, -video.videoWidth / 2, -video.videoHeight / 2, video.videoWidth, video.videoHeight);
    return context.canvas;
  }

  private context(settings: CanvasRenderingContext2DSettings): CanvasRenderingContext2D | null {
    return this.document.createElement("canvas").getContext("2d", settings);
  }
}

function fit({ canvas }: CanvasRenderingContext2D, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
