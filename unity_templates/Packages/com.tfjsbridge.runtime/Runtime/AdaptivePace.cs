using System;

namespace TfjsBridge
{
    /// <summary>
    /// So many turns a second that the game's frames become at most a given share longer. What a frame takes without
    /// inferences is measured in short pauses; what it takes with them, all the time.
    /// </summary>
    internal sealed class AdaptivePace
    {
        private const double WindowSeconds = 1; // long enough for a mean that one hitch does not turn
        private const double SettleSeconds = 0.2; // an inference that is under way ends
        private const double PauseSeconds = 0.5; // settling included
        private const double PauseEverySeconds = 30; // scenes change
        private const double DoubtEverySeconds = 5; // or a game that stutters by itself would mostly be measured
        private const double HiddenSeconds = 1; // a frame this long is a tab in the background, or a scene that loads
        private const double Growth = 1.2;
        private const double LeastCut = 0.25;

        private readonly double _least;
        private readonly double _most;
        private readonly double _share;
        private double _quiet = double.NaN; // seconds of a frame without inferences
        private double _mean; // seconds of a frame in the newest window
        private double _last = double.NaN;
        private double _begun;
        private double _pausedAt;
        private double _next;
        private double _sum;
        private int _frames;
        private bool _isPaused;
        private bool _isLong;

        public AdaptivePace(double least, double most, double share)
        {
            _most = Math.Max(0, most);
            _least = Math.Min(Math.Max(0.1, least), _most);
            _share = Math.Max(0.01, share);
            PerSecond = Math.Max(_least, _most / 2);
        }

        /// <summary>Turns a second at present.</summary>
        public double PerSecond { get; private set; }

        /// <summary>To be asked once in every frame, by a clock in seconds.</summary>
        public bool IsDue(double now)
        {
            var passed = now - _last;
            _last = now;
            if (passed == 0 || !(_most > 0)) return false;
            var wasLong = _isLong;
            _isLong = passed > HiddenSeconds;
            if (!(passed > 0)) Restart(now);
            else if (_isLong && !wasLong) Begin(now, _isPaused); // two in a row are the game's
            else Measure(now, passed);
            return !_isPaused && TakesTurn(now);
        }

        private bool TakesTurn(double now)
        {
            if (now < _next) return false;
            var period = 1 / PerSecond;
            _next = Math.Max(_next + period, now + period / 2); // turns that nobody asked for are not made up for
            return true;
        }

        // At first, and when the clock went back, as it does in the next play mode without a domain reload.
        private void Restart(double now)
        {
            _quiet = double.NaN;
            Pause(now);
        }

        private void Pause(double now)
        {
            _pausedAt = now;
            Begin(now, true);
        }

        private void Begin(double now, bool isPaused)
        {
            _isPaused = isPaused;
            _begun = now;
            _sum = 0;
            _frames = 0;
            _next = now;
        }

        private void Measure(double now, double passed)
        {
            var age = now - _begun;
            if (!_isPaused || age - passed >= SettleSeconds)
            {
                _sum += passed;
                _frames++;
            }
            if (age < (_isPaused ? PauseSeconds : WindowSeconds) || _frames == 0) return;
            if (_isPaused) EndPause(now);
            else EndWindow(now);
        }

        private void EndPause(double now)
        {
            var isFirst = double.IsNaN(_quiet);
            _quiet = _sum / _frames;
            if (!isFirst) Adjust();
            Begin(now, false);
        }

        private void EndWindow(double now)
        {
            _mean = _sum / _frames;
            var age = now - _pausedAt;
            if (age >= PauseEverySeconds || (IsTooLong && PerSecond > _least && age >= DoubtEverySeconds))
            {
                Pause(now); // whose fault is it? the pause tells, and then the rate changes
                return;
            }
            if (!IsTooLong) Adjust();
            Begin(now, false);
        }

        private bool IsTooLong => _mean > _quiet * (1 + _share);

        // What inferences add to a frame is proportional to how many there are. Between half and whole of what is allowed
        // the rate stays, so that it settles.
        private void Adjust()
        {
            var allowed = _quiet * _share;
            var excess = _mean - _quiet;
            if (excess > allowed) PerSecond = Math.Max(_least, PerSecond * Math.Max(LeastCut, allowed / excess));
            else if (excess < allowed / 2) PerSecond = Math.Min(_most, PerSecond * Growth);
        }
    }
}
