using UnityEngine;
using UnityEngine.Experimental.Rendering;
using UnityEngine.Rendering;

namespace TfjsBridge
{
    /// <summary>What has to be known about a texture before the browser may read it.</summary>
    internal static class TextureFacts
    {
        /// <summary>Accepted when the texture may be submitted, else why not.</summary>
        public static SubmitCode Check(Texture texture)
        {
            if (texture == null || texture.dimension != TextureDimension.Tex2D) return SubmitCode.BadTexture;
            if (IsPlaceholder(texture)) return SubmitCode.NotReady;
            var target = texture as RenderTexture;
            return target == null || target.IsCreated() || target.Create() ? SubmitCode.Accepted : SubmitCode.BadTexture;
        }

        /// <summary>
        /// <paramref name="flags"/> with Linear, when sampling gives linear light, with Webcam, when the video's own shape
        /// counts, and with the other row order, when the camera delivers upside down.
        /// </summary>
        public static SourceFlags Complete(SourceFlags flags, Texture texture)
        {
            if (HoldsLinearLight(texture)) flags |= SourceFlags.Linear;
            if (IsWebcam(texture)) flags |= Native.Webcam;
            return IsUpsideDown(texture) ? flags ^ SourceFlags.TopRowFirst : flags;
        }

        /// <summary>True for the targets whose samples are still to be merged.</summary>
        public static bool IsMultisampled(Texture texture)
        {
            var target = texture as RenderTexture;
            return target != null && target.antiAliasing > 1;
        }

// A mere mention of WebCamTexture makes app stores ask why the game wants the camera.
#if UNITY_WEBGL || UNITY_EDITOR
        private static bool IsWebcam(Texture texture) => texture is WebCamTexture;

        // Until its first frame a WebCamTexture is 16x16 and empty.
        private static bool IsPlaceholder(Texture texture) => IsWebcam(texture) && texture.width <= 16;

        private static bool IsUpsideDown(Texture texture)
        {
            var camera = texture as WebCamTexture;
            return camera != null && camera.videoVerticallyMirrored;
        }
#else
        private static bool IsWebcam(Texture texture) => false;

        private static bool IsPlaceholder(Texture texture) => false;

        private static bool IsUpsideDown(Texture texture) => false;
#endif

        // In gamma projects nothing is converted, whatever the format says.
        private static bool HoldsLinearLight(Texture texture)
        {
            if (QualitySettings.activeColorSpace != ColorSpace.Linear) return false;
            var format = texture.graphicsFormat;
            if (GraphicsFormatUtility.IsSRGBFormat(format)) return true;
            var isHdr = GraphicsFormatUtility.IsIEEE754Format(format) || format == GraphicsFormat.B10G11R11_UFloatPack32;
            return isHdr && texture is RenderTexture;
        }
    }
}
