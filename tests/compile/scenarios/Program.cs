using System;
using System.Reflection;

/// <summary>Runs one scenario by its name, as a fresh player would; exit code 1 with the reason when it fails.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        var names = arguments[0].Split('.');
        var method = Type.GetType(names[0]).GetMethod(names[1], BindingFlags.Static | BindingFlags.Public);
        try
        {
            method.Invoke(null, null);
            return 0;
        }
        catch (TargetInvocationException exception)
        {
            Console.WriteLine(exception.InnerException);
            return 1;
        }
    }
}
