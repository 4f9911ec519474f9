using System.Text;

namespace TfjsBridge
{
    /// <summary>Reads an error's text; a text that has not changed is neither decoded nor allocated again.</summary>
    internal sealed class MessageReader
    {
        private readonly bool _ofCamera;
        private byte[] _fresh = new byte[512];
        private byte[] _known = new byte[512];
        private int _knownLength;
        private string _text = "";

        /// <param name="ofCamera">Read what is wrong with the model's camera, and not with the model.</param>
        public MessageReader(bool ofCamera) => _ofCamera = ofCamera;

        public string Read(int handle)
        {
            var length = Take(handle);
            if (length < 0)
            {
                _fresh = new byte[-length];
                length = Take(handle);
            }
            if (length < 0 || IsKnown(length)) return _text;
            _text = Encoding.UTF8.GetString(_fresh, 0, length);
            var known = _known;
            _known = _fresh;
            _knownLength = length;
            _fresh = known;
            return _text;
        }

        private int Take(int handle) =>
            _ofCamera
                ? Native.CameraMessage(handle, _fresh, _fresh.Length)
                : Native.Message(handle, _fresh, _fresh.Length);

        private bool IsKnown(int length)
        {
            if (length != _knownLength) return false;
            for (var i = 0; i < length; i++)
                if (_fresh[i] != _known[i]) return false;
            return true;
        }
    }
}
