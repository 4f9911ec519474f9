using System;

namespace TfjsBridge
{
    /// <summary>What an awaited <c>Load</c> or <c>Predict</c> throws. The message says what, why and what to do next.</summary>
    public sealed class BridgeException : Exception
    {
        public BridgeException(ErrorCode code, string message) : base(message) => Code = code;

        public ErrorCode Code { get; }
    }
}
