using System;
using System.Runtime.CompilerServices;

namespace TfjsBridge
{
    /// <summary>The loading of a model: <c>await model.Load();</c></summary>
    public sealed class LoadOperation : Operation
    {
        internal LoadOperation() { }

        /// <summary>Await it without exceptions, then look at Succeeded: <c>await model.Load().Settled();</c></summary>
        public Settled<LoadOperation> Settled() => new Settled<LoadOperation>(this);

        public Awaiter GetAwaiter() => new Awaiter(this);

        public readonly struct Awaiter : INotifyCompletion
        {
            private readonly LoadOperation _operation;

            internal Awaiter(LoadOperation operation) => _operation = operation;

            public bool IsCompleted => _operation.IsDone;

            public void OnCompleted(Action continuation) => _operation.OnDone(continuation, true);

            public void GetResult() => _operation.ThrowUnlessSucceeded();
        }
    }
}
