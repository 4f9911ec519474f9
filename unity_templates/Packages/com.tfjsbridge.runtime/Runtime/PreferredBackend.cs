namespace TfjsBridge
{
    /// <summary>Which TensorFlow.js backend a model asks for.</summary>
    public enum PreferredBackend
    {
        /// <summary>The one that is fastest on the player's device; the page's first model measures.</summary>
        Auto,

        /// <summary>The GPU.</summary>
        WebGL,

        /// <summary>The CPU with SIMD; often the faster one for small models.</summary>
        Wasm,
    }
}
