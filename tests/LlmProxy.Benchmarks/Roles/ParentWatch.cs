namespace LlmProxy.Benchmarks.Roles;

/// <summary>Ends a role when the program that started it is gone, however it went.</summary>
internal static class ParentWatch
{
    public static void Start()
    {
        Thread watch = new(() =>
        {
            Stream input = Console.OpenStandardInput();
            while (input.ReadByte() >= 0)
            {
            }
            Environment.Exit(0);
        })
        { IsBackground = true };
        watch.Start();
    }
}
