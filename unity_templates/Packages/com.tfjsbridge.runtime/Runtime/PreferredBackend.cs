namespace TfjsBridge
{
    /// <summary>Which TensorFlow.js backend a model asks for.</summary>
    public enum PreferredBackend
    {
        /// <summary>The runtime chooses.</summary>
        Auto,

        /// <summary>The GPU.</summary>
        WebGL,

        /// <summary>The CPU with SIMD; often the faster one for small models.</summary>
        Wasm,
    }
}
