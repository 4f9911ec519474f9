using System;
using System.Runtime.CompilerServices;

namespace TfjsBridge
{
    /// <summary>A prediction on its way; see <see cref="PredictOperation{TLabel}"/>.</summary>
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
    public sealed class PredictOperation<TLabel> : PredictOperation where TLabel : struct
    {
        private readonly Classifier<TLabel> _model;

        internal PredictOperation(Classifier<TLabel> model, in ImageSource source) : base(source) => _model = model;

        /// <summary>The prediction, once the operation has succeeded; before that an empty one.</summary>
        public Prediction<TLabel> Result { get; private set; }

        /// <summary>Await it without exceptions, then look at Succeeded.</summary>
        public Settled<PredictOperation<TLabel>> Settled() => new Settled<PredictOperation<TLabel>>(this);

        public Awaiter GetAwaiter() => new Awaiter(this);

        internal override void Take(byte[] result, int frame)
        {
            if (IsDone) return;
            Result = _model.Read(result, frame, new ScoreList<TLabel>(_model));
            Finish();
        }

        public readonly struct Awaiter : INotifyCompletion
        {
            private readonly PredictOperation<TLabel> _operation;

            internal Awaiter(PredictOperation<TLabel> operation) => _operation = operation;

            public bool IsCompleted => _operation.IsDone;

            public void OnCompleted(Action continuation) => _operation.OnDone(continuation, true);

            public Prediction<TLabel> GetResult()
            {
                _operation.ThrowUnlessSucceeded();
                return _operation.Result;
            }
        }
    }
}
