namespace LlmProxy.Hosting;

/// <summary>The place on disk that outlives the process.</summary>
internal static class DataDirectory
{
    /// <summary>One line that says what is wrong; null when the directory is there and can be written.</summary>
    public static string? WhyNotWritable(string directory)
    {
        string probe = Path.Combine(directory, $".write-test-{Environment.ProcessId}");
        try
        {
            Directory.CreateDirectory(directory);
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"The data directory {directory} cannot be written ({e.Message.TrimEnd('.')}). Mount a volume there that belongs to this user, or set LlmProxy__Journal__Directory.";
        }
    }
}
