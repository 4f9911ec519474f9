using System;
using System.Collections.Generic;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>
    /// Something that takes some frames. Await it, yield it from a coroutine, or look at <see cref="IsDone"/>; only
    /// awaiting throws, and <c>Settled()</c> takes even that away. Everything happens on the main thread.
    /// </summary>
    public abstract class Operation : CustomYieldInstruction
    {
        private List<Action> _continuations;
        private bool _throws;

        internal Operation() { }

        /// <summary>True when it succeeded, failed or was cancelled.</summary>
        public bool IsDone { get; private set; }

        /// <summary>True when its model was disposed, or it was given up, before it was done.</summary>
        public bool IsCancelled { get; private set; }

        /// <summary>Why it failed, or None.</summary>
        public ErrorCode ErrorCode { get; private set; }

        /// <summary>What happened, why, and what to do next; empty unless it failed.</summary>
        public string Error { get; private set; } = "";

        /// <summary>True when it is done and all went well.</summary>
        public bool Succeeded => IsDone && !IsCancelled && ErrorCode == ErrorCode.None;

        public override bool keepWaiting => !IsDone;

        /// <summary>True when somebody will get its failure as an exception.</summary>
        internal bool IsAwaited => _throws && !IsDone;

        internal void Fail(ErrorCode code, string text)
        {
            if (IsDone) return;
            ErrorCode = code;
            Error = text;
            Finish();
        }

        internal void EndAsCancelled()
        {
            if (IsDone) return;
            IsCancelled = true;
            Finish();
        }

        internal void Finish()
        {
            if (IsDone) return;
            IsDone = true;
            if (_continuations == null) return;
            foreach (var continuation in _continuations) Pump.Post(continuation);
            _continuations.Clear();
        }

        internal void OnDone(Action continuation, bool throws)
        {
            _throws |= throws;
            if (IsDone)
            {
                Pump.Post(continuation);
                return;
            }
            if (_continuations == null) _continuations = new List<Action>(1);
            _continuations.Add(continuation);
        }

        internal void ThrowUnlessSucceeded()
        {
            if (!IsDone) throw new InvalidOperationException("The operation is not done: await it, never block on it.");
            if (IsCancelled) throw new OperationCanceledException("The model was disposed, or the prediction was given up.");
            if (ErrorCode != ErrorCode.None) throw new BridgeException(ErrorCode, Error);
        }
    }
}
