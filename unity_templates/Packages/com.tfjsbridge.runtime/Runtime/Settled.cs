using System;
using System.Runtime.CompilerServices;

namespace TfjsBridge
{
    /// <summary>
    /// Awaits an operation to its end without exceptions, whatever the end is, and gives the operation:
    /// <code>
    /// var prediction = await model.Predict(texture).Settled();
    /// if (prediction.Succeeded) Show(prediction.Result.Label);
    /// </code>
    /// </summary>
    public readonly struct Settled<TOperation> where TOperation : Operation
    {
        private readonly TOperation _operation;

        internal Settled(TOperation operation) => _operation = operation;

        public Awaiter GetAwaiter() => new Awaiter(_operation);

        public readonly struct Awaiter : INotifyCompletion
        {
            private readonly TOperation _operation;

            internal Awaiter(TOperation operation) => _operation = operation;

            public bool IsCompleted => _operation.IsDone;

            public void OnCompleted(Action continuation) => _operation.OnDone(continuation, false);

            public TOperation GetResult() => _operation;
        }
    }
}
