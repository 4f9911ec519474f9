using System;
using System.Collections.Generic;
using System.Reflection;
using TfjsBridge;
using TfjsBridge.Models;

/// <summary>Where exceptions can come from, by the compiled code: in a player built without them, a throw is the end.</summary>
public static class Throws
{
    private static readonly Assembly[] Ours = { typeof(Model).Assembly, typeof(HandSigns).Assembly };

    // Await's own, and reading the list of a result that was replaced.
    private const string Allowed =
        "Awaiter.GetResult, Awaiter.GetResult, Detections`1.Copy, Detections`1.get_Item, Enumerator.get_Current, " +
        "Enumerator.get_Current, Prediction`1.Copy, Prediction`1.ScoreOf, Prediction`1.get_Item, " +
        "RawArray.get_Item, RawResult`1.Copy, RawResult`1.get_Item";

    public static void NothingElseOfTheWholeInterfaceCanThrow()
    {
        var throwing = new List<string>();
        var checkedMethods = 0;
        foreach (var assembly in Ours)
        foreach (var type in assembly.GetTypes())
        {
            if (!IsReachable(type)) continue;
            foreach (var method in Intermediate.MethodsOf(type))
            {
                if (!method.IsPublic) continue;
                checkedMethods++;
                var way = Intermediate.WayToThrow(method, Ours);
                if (way == null) continue;
                Console.WriteLine(way);
                throwing.Add(type.Name + "." + method.Name);
            }
        }
        throwing.Sort(string.CompareOrdinal);
        Check.True(checkedMethods > 80, checkedMethods + " methods were checked");
        Check.Equal(Allowed, string.Join(", ", throwing));
    }

    public static void ThePumpCannotThrow()
    {
        var pump = typeof(Model).Assembly.GetType("TfjsBridge.Pump");
        var update = pump.GetMethod("Update", BindingFlags.Instance | BindingFlags.NonPublic);
        Check.Equal(null, Intermediate.WayToThrow(update, Ours));
    }

    private static bool IsReachable(Type type) =>
        type.IsNested ? type.IsNestedPublic && IsReachable(type.DeclaringType) : type.IsPublic;
}
