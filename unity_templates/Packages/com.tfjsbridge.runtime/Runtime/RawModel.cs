namespace TfjsBridge
{
    /// <summary>
    /// A model whose outputs are numbers for the game to read. <typeparamref name="TOutput"/> is the generated enum.
    /// <code>
    /// var result = await model.Predict(texture);
    /// var age = result[Faces.Output.AgeOutput]; // age[0], age.Length, age.SizeOf(axis)
    /// </code>
    /// Or without waiting and without garbage, in Update:
    /// <code>
    /// if (model.State == ModelState.Ready) model.TrySubmit(texture);
    /// if (model.TryGetResult(out var result)) result[Faces.Output.AgeOutput].CopyTo(_ages);
    /// </code>
    /// </summary>
    public abstract class RawModel<TOutput> : PictureModel<RawResult<TOutput>> where TOutput : struct
    {
        private readonly RawList _polled = new RawList();

        protected RawModel(ModelInfo info, PreferredBackend backend) : base(info, backend, Native.RawTask, 0)
        {
        }

        /// <summary>The place of an output among the model's.</summary>
        protected abstract int IndexOf(TOutput output);

        internal int PlaceOf(TOutput output) => IndexOf(output);

        internal override RawResult<TOutput> ReadAwaited(byte[] result, int frame) => Read(result, frame, new RawList());

        internal override RawResult<TOutput> ReadPolled(byte[] result, int frame) => Read(result, frame, _polled);

        private RawResult<TOutput> Read(byte[] result, int frame, RawList list)
        {
            list.Fill(result);
            return new RawResult<TOutput>(this, list, frame);
        }
    }
}
