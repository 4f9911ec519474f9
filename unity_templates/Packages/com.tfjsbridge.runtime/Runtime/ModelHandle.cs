using System;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>A model on the browser's side, or the reason why there is none. Nothing here throws.</summary>
    internal sealed class ModelHandle : IDisposable
    {
        private static bool _hasWarned;

        private readonly ErrorCode _failure;
        private readonly string _failureText = "";
        private readonly MessageReader _message = new MessageReader(false);
        private bool _isDisposed;

        public ModelHandle(ModelInfo info, string contractUrl, string options)
        {
            if (!Native.IsAvailable)
            {
                _failure = ErrorCode.NotWebGL;
                _failureText = ErrorText.NotWebGL(Application.platform.ToString());
                WarnOnce(_failureText);
                return;
            }
            var abi = Native.Abi();
            if (abi != Native.AbiVersion)
            {
                _failure = ErrorCode.AbiMismatch;
                _failureText = ErrorText.AbiMismatch(
                    abi + " of TfjsBridge.jslib", Native.AbiVersion + " of the C# files of com.tfjsbridge.runtime");
                Debug.LogError("[TfjsBridge] " + _failureText);
                return;
            }
            Id = Native.Create(contractUrl, info.ContractHash, options);
        }

        /// <summary>The handle that the bridge's functions take; 0 when there is no model.</summary>
        public int Id { get; }

        public ModelState State =>
            _isDisposed ? ModelState.Disposed
            : _failure != ErrorCode.None ? ModelState.Failed
            : (ModelState)Native.State(Id);

        public float Progress => IsOpen ? Native.Progress(Id) : 0;

        public ErrorCode ErrorCode => IsOpen ? (ErrorCode)Native.ErrorCode(Id) : _failure;

        /// <summary>The newest error's text, or an empty one.</summary>
        public string Error => IsOpen ? _message.Read(Id) : _failureText;

        public ModelStats Stats => IsOpen ? ModelStats.Read(Id) : default(ModelStats);

        public bool IsOpen => !_isDisposed && _failure == ErrorCode.None;

        public void Dispose()
        {
            if (IsOpen) Native.Dispose(Id);
            _isDisposed = true;
        }

        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void ResetStatics() => _hasWarned = false;

        private static void WarnOnce(string text)
        {
            if (_hasWarned) return;
            _hasWarned = true;
            Debug.LogWarning("[TfjsBridge] " + text);
        }
    }
}
