using System;

namespace TfjsBridge
{
    /// <summary>How far the camera's pictures have to be turned, clockwise, to be upright.</summary>
    public enum CameraRotation
    {
        /// <summary>They are upright. Browsers turn a phone's camera by themselves.</summary>
        None = 0,

        /// <summary>A quarter turn clockwise.</summary>
        Clockwise90 = 90,

        /// <summary>A half turn.</summary>
        Half = 180,

        /// <summary>A quarter turn counter-clockwise.</summary>
        Clockwise270 = 270,
    }

    /// <summary>Which camera, and how it is looked at. The default: the front camera as the browser gives it.</summary>
    [Serializable]
    public struct CameraOptions
    {
        /// <summary>Preferred, where the device has both.</summary>
        public CameraFacing Facing;

        /// <summary>Turns the pictures, before they are mirrored.</summary>
        public CameraRotation Rotation;

        /// <summary>Swaps left and right, as players expect of a front camera that they see themselves in.</summary>
        public bool Mirror;

        /// <summary>Wished width in pixels; 0 leaves it to the browser, which gives what is nearest.</summary>
        public int Width;

        /// <summary>Wished height in pixels; see <see cref="Width"/>.</summary>
        public int Height;

        public override string ToString() =>
            Facing + ", " + Width + "x" + Height + ", rotation " + Rotation + (Mirror ? ", mirrored" : "");
    }
}
