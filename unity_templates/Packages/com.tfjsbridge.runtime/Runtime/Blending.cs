namespace TfjsBridge
{
    /// <summary>
    /// Two pictures mixed under a mask, for example a styled one over its source where a person stands. For textures a shader
    /// does the same: <c>lerp(below, above, mask.r)</c>.
    /// </summary>
    public static class Blending
    {
        /// <summary>
        /// RGBA pixels: <paramref name="below"/> where <paramref name="mask"/> is 0, <paramref name="above"/> where it is 255,
        /// and in between as much of each, rounded to the nearest level. <paramref name="into"/> may be one of the others.
        /// All are of the same size, with their rows in the same order; false where they are not, and nothing is done then.
        /// Allocates nothing.
        /// </summary>
        public static bool Blend(byte[] below, byte[] above, byte[] mask, byte[] into)
        {
            if (below == null || above == null || mask == null || into == null) return false;
            var length = mask.Length * 4;
            if (below.Length != length || above.Length != length || into.Length != length) return false;
            for (int pixel = 0, at = 0; pixel < mask.Length; pixel++)
            {
                int share = mask[pixel], rest = 255 - share;
                for (var end = at + 4; at < end; at++)
                {
                    var sum = below[at] * rest + above[at] * share + 128;
                    into[at] = (byte)((sum + (sum >> 8)) >> 8); // a division by 255, exact for such sums
                }
            }
            return true;
        }
    }
}
