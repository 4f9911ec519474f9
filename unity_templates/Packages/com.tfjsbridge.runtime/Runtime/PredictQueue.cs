using System.Collections.Generic;

namespace TfjsBridge
{
    /// <summary>The explicit predictions of one model: those that wait to be submitted, and those under way.</summary>
    internal sealed class PredictQueue
    {
        private readonly List<PredictOperation> _waiting = new List<PredictOperation>();
        private readonly List<PredictOperation> _underWay = new List<PredictOperation>();

        /// <summary>True when somebody will get a failure as an exception.</summary>
        public bool IsAwaited => IsAnyAwaited(_waiting) || IsAnyAwaited(_underWay);

        public void Add(PredictOperation operation) => _waiting.Add(operation);

        /// <summary>Submits what can be submitted now; the rest tries again with the next call.</summary>
        public void Submit(Model model)
        {
            for (var i = 0; i < _waiting.Count; i++)
            {
                var operation = _waiting[i];
                if (operation.IsDone)
                {
                    _waiting.RemoveAt(i--); // given up
                    continue;
                }
                var code = model.SubmitQueued(operation);
                if (code == SubmitCode.QueueFull) return;
                if (code == SubmitCode.NotReady) continue; // a camera without a frame holds up nobody else
                _waiting.RemoveAt(i--);
                if (code >= 0)
                    _underWay.Add(operation);
                else
                    model.Refuse(operation, code);
                operation.ForgetSource();
            }
        }

        /// <summary>The operation that is waiting for this frame, which is done with it; null for a polled frame.</summary>
        public PredictOperation Take(int frame)
        {
            for (var i = 0; i < _underWay.Count; i++)
            {
                if (_underWay[i].Frame != frame) continue;
                var operation = _underWay[i];
                _underWay.RemoveAt(i);
                return operation;
            }
            return null;
        }

        public void FailAll(ErrorCode code, string text)
        {
            foreach (var operation in _waiting) operation.Fail(code, text);
            foreach (var operation in _underWay) operation.Fail(code, text);
            Clear();
        }

        public void CancelAll()
        {
            foreach (var operation in _waiting) operation.EndAsCancelled();
            foreach (var operation in _underWay) operation.EndAsCancelled();
            Clear();
        }

        private static bool IsAnyAwaited(List<PredictOperation> operations)
        {
            foreach (var operation in operations)
                if (operation.IsAwaited) return true;
            return false;
        }

        private void Clear()
        {
            _waiting.Clear();
            _underWay.Clear();
        }
    }
}
