using System;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>
    /// Says when the next inference may begin: so many times a second, every so many frames, or as often as the game's
    /// frames allow.
    /// <code>
    /// private readonly Pacer _pace = Pacer.PerSecond(10);
    /// // in Update
    /// if (_pace.IsDue()) model.TrySubmit(texture);
    /// </code>
    /// </summary>
    /// <remarks>
    /// Time and frames are cut into turns, each of which is given once; a turn that nobody asked for is not made up for,
    /// so there is no burst after a pause. Time is unscaled: a paused game (timeScale 0) goes on. Allocates nothing.
    /// </remarks>
    public sealed class Pacer
    {
        private readonly bool _countsFrames;
        private readonly double _period;
        private readonly double _offset;
        private readonly AdaptivePace _adaptive;
        private double _turn;

        private Pacer(AdaptivePace adaptive) => _adaptive = adaptive;

        private Pacer(bool countsFrames, double period, double offset)
        {
            _countsFrames = countsFrames;
            _period = period;
            _offset = offset;
            _turn = double.IsInfinity(period) ? 0 : double.NaN;
        }

        /// <summary>At most <paramref name="times"/> a second, for example 10; never for 0.</summary>
        public static Pacer PerSecond(float times) =>
            new Pacer(false, times > 0 ? 1.0 / times : double.PositiveInfinity, 0);

        /// <summary>
        /// Every <paramref name="frames"/> frames. Models with different <paramref name="offset"/>s take turns: (2, 0)
        /// and (2, 1) never run in the same frame once both are under way.
        /// </summary>
        public static Pacer EveryFrames(int frames, int offset = 0) => new Pacer(true, Math.Max(1, frames), offset);

        /// <summary>
        /// As often as the game can bear: inferences make its frames longer by at most <paramref name="slowdown"/> on average, for
        /// example 0.1 for a tenth; at least <paramref name="minPerSecond"/> whatever they cost, at most
        /// <paramref name="maxPerSecond"/>. Ask <see cref="IsDue()"/> in every frame.
        /// </summary>
        public static Pacer Adaptive(float maxPerSecond = 15, float minPerSecond = 2, float slowdown = 0.1f) =>
            new Pacer(new AdaptivePace(minPerSecond, maxPerSecond, slowdown));

        /// <summary>Turns a second at present; 0 for <see cref="EveryFrames"/>, which counts none.</summary>
        public float TimesPerSecond =>
            _adaptive != null ? (float)_adaptive.PerSecond : _countsFrames ? 0 : (float)(1 / _period);

        /// <summary>True once in every turn; ask in Update, before the picture is prepared.</summary>
        public bool IsDue() => IsDue(_countsFrames ? Time.frameCount : Time.unscaledTime);

        /// <summary>The same by a clock of your own: seconds, or frames for <see cref="EveryFrames"/>.</summary>
        public bool IsDue(double now)
        {
            if (_adaptive != null) return _adaptive.IsDue(now);
            // Also when the clock went back, as it does in the next play mode without a domain reload.
            var turn = Math.Floor((now - _offset) / _period);
            var isNew = turn != _turn;
            _turn = turn;
            return isNew;
        }
    }
}
