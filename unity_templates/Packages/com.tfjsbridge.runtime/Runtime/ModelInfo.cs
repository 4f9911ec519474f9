namespace TfjsBridge
{
    /// <summary>What a generated class knows about its model.</summary>
    public sealed class ModelInfo
    {
        public ModelInfo(string slug, string contractHash, int width, int height, int classCount, int topK)
        {
            Slug = slug;
            ContractHash = contractHash;
            Width = width;
            Height = height;
            ClassCount = classCount;
            TopK = topK;
        }

        /// <summary>The model's folder below StreamingAssets/tfjs-bridge.</summary>
        public string Slug { get; }

        /// <summary>SHA-256 of contract.json; another file at its place is refused.</summary>
        public string ContractHash { get; }

        /// <summary>Width of the model's input in pixels. Sources may have any size.</summary>
        public int Width { get; }

        /// <summary>Height of the model's input in pixels.</summary>
        public int Height { get; }

        /// <summary>How many classes the model tells apart.</summary>
        public int ClassCount { get; }

        /// <summary>How many classes, or of a detector boxes, a result holds at most.</summary>
        public int TopK { get; }
    }
}
