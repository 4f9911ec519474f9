using TfjsBridge;

public static class Pacing
{
    public static void GivesEachTurnOfASecondOnce()
    {
        // 25 a second at 60 frames a second: a pacer that waits a whole period after each turn would give 20.
        Check.Equal(250, Due(Pacer.PerSecond(25), 600, frame => frame / 60.0));
        Check.Equal(10, Due(Pacer.PerSecond(1), 600, frame => frame / 60.0));
        Check.Equal(60, Due(Pacer.PerSecond(100), 60, frame => (frame + 0.5) / 60));
        Check.Equal(0, Due(Pacer.PerSecond(0), 60, frame => frame / 60.0));
        Check.Equal(0, Due(Pacer.PerSecond(float.NaN), 60, frame => frame / 60.0));
    }

    public static void NoSecondHasMoreThanItsTurns()
    {
        var pace = Pacer.PerSecond(5);
        var due = new bool[3000];
        // An uneven game: frames of 1 to 7 ms.
        for (int i = 0, ms = 0; ms < due.Length; ms += 1 + i++ * 5 % 7) due[ms] = pace.IsDue(ms / 1000.0);
        for (var start = 0; start + 1000 < due.Length; start += 200)
        {
            var turns = 0;
            for (var ms = start; ms < start + 1000; ms++) turns += due[ms] ? 1 : 0;
            Check.Equal(5, turns);
        }
    }

    public static void APauseIsNotMadeUpFor()
    {
        var pace = Pacer.PerSecond(10);
        Check.True(pace.IsDue(0), "at once");
        Check.True(!pace.IsDue(0.05), "within the turn");
        Check.True(pace.IsDue(60.02), "after a minute in the background");
        Check.True(!pace.IsDue(60.03) && !pace.IsDue(60.09), "no burst");
        Check.True(pace.IsDue(60.11), "the next turn");
    }

    public static void AClockThatGoesBackBeginsAnew()
    {
        var pace = Pacer.PerSecond(1);
        Check.True(pace.IsDue(3600) && !pace.IsDue(3600.5), "an hour of play");
        Check.True(pace.IsDue(0.1) && !pace.IsDue(0.2), "the next play mode, without a domain reload");
    }

    public static void CountsFramesAndLetsModelsTakeTurns()
    {
        Check.Equal(20, Due(Pacer.EveryFrames(3), 60, frame => frame));
        Check.Equal(60, Due(Pacer.EveryFrames(0), 60, frame => frame));
        var first = Pacer.EveryFrames(2);
        var second = Pacer.EveryFrames(2, 1);
        first.IsDue(100);
        second.IsDue(100);
        for (var frame = 101; frame < 140; frame++)
            Check.True(first.IsDue(frame) != second.IsDue(frame), "one of them in frame " + frame);
    }

    public static void UsesTheTimeAndFramesOfTheGame()
    {
        var perSecond = Pacer.PerSecond(20);
        var perFrame = Pacer.EveryFrames(4);
        var byTime = 0;
        var byFrame = 0;
        for (var i = 0; i < 120; i++)
        {
            Check.Frames(1);
            if (perSecond.IsDue()) byTime++;
            if (perFrame.IsDue()) byFrame++;
            if (perFrame.IsDue() || perSecond.IsDue()) throw new System.Exception("twice in one frame");
        }
        Check.True(byTime >= 40 && byTime <= 41, byTime + " in two seconds");
        Check.True(byFrame >= 30 && byFrame <= 31, byFrame + " in 120 frames");
    }

    private static int Due(Pacer pace, int frames, System.Func<int, double> clock)
    {
        var due = 0;
        for (var frame = 0; frame < frames; frame++) due += pace.IsDue(clock(frame)) ? 1 : 0;
        return due;
    }
}
