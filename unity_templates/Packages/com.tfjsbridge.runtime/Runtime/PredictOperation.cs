using System;
using System.Runtime.CompilerServices;

namespace TfjsBridge
{
    /// <summary>A prediction on its way; see <see cref="PredictOperation{TResult}"/>.</summary>
    public abstract class PredictOperation : Operation
    {
        internal PredictOperation(in ImageSource source) => Source = source;

        internal ImageSource Source { get; private set; }

        internal int Frame { get; set; }

        /// <summary>
        /// Gives up: it ends as cancelled, and its result is thrown away. With a token of your own:
        /// <c>token.Register(operation.Cancel)</c>.
        /// </summary>
        public void Cancel()
        {
            EndAsCancelled();
            ForgetSource();
        }

        /// <summary>Lets go of the picture, which may be large.</summary>
        internal void ForgetSource() => Source = default(ImageSource);

        internal abstract void Take(byte[] result, int frame);
    }

    /// <summary>A prediction on its way: <c>var (label, score) = await model.Predict(texture);</c></summary>
    public sealed class PredictOperation<TResult> : PredictOperation where TResult : struct
    {
        private readonly PictureModel<TResult> _model;

        internal PredictOperation(PictureModel<TResult> model, in ImageSource source) : base(source) => _model = model;

        /// <summary>The prediction, once the operation has succeeded; before that an empty one.</summary>
        public TResult Result { get; private set; }

        /// <summary>Await it without exceptions, then look at Succeeded.</summary>
        public Settled<PredictOperation<TResult>> Settled() => new Settled<PredictOperation<TResult>>(this);

        public Awaiter GetAwaiter() => new Awaiter(this);

        internal override void Take(byte[] result, int frame)
        {
            if (IsDone) return;
            Result = _model.ReadAwaited(result, frame);
            Finish();
        }

        public readonly struct Awaiter : INotifyCompletion
        {
            private readonly PredictOperation<TResult> _operation;

            internal Awaiter(PredictOperation<TResult> operation) => _operation = operation;

            public bool IsCompleted => _operation.IsDone;

            public void OnCompleted(Action continuation) => _operation.OnDone(continuation, true);

            public TResult GetResult()
            {
                _operation.ThrowUnlessSucceeded();
                return _operation.Result;
            }
        }
    }
}
