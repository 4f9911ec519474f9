using System;

namespace TfjsBridge
{
    /// <summary>The four int32 at the front of every result: version, task, frame, count of floats that follow.</summary>
    internal static class ResultHeader
    {
        /// <summary>Is it a result that this code can read, of the task of this number?</summary>
        public static bool IsOf(byte[] result, int task) =>
            BitConverter.ToInt32(result, 0) == Native.ResultVersion && BitConverter.ToInt32(result, 4) == task;

        public static int Frame(byte[] result) => BitConverter.ToInt32(result, 8);

        public static int Count(byte[] result) => BitConverter.ToInt32(result, 12);
    }
}
