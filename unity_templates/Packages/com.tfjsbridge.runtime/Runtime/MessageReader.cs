using System.Text;

namespace TfjsBridge
{
    /// <summary>Reads a model's error text; a text that has not changed is neither decoded nor allocated again.</summary>
    internal sealed class MessageReader
    {
        private byte[] _fresh = new byte[512];
        private byte[] _known = new byte[512];
        private int _knownLength;
        private string _text = "";

        public string Read(int handle)
        {
            var length = Native.Message(handle, _fresh, _fresh.Length);
            if (length < 0)
            {
                _fresh = new byte[-length];
                length = Native.Message(handle, _fresh, _fresh.Length);
            }
            if (length < 0 || IsKnown(length)) return _text;
            _text = Encoding.UTF8.GetString(_fresh, 0, length);
            var known = _known;
            _known = _fresh;
            _knownLength = length;
            _fresh = known;
            return _text;
        }

        private bool IsKnown(int length)
        {
            if (length != _knownLength) return false;
            for (var i = 0; i < length; i++)
                if (_fresh[i] != _known[i]) return false;
            return true;
        }
    }
}
