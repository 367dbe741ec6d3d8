using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration;

/// <summary>
/// What a file looked like: where its links lead, how long it is, when it was written, and a mark of its content. The
/// first three say whether reading it again is worth while; only the content says whether it changed.
/// </summary>
internal sealed record FileState(string Target, long Length, long WrittenTicks, string Mark)
{
    private static readonly FileState Missing = new("", -1, 0, "");

    public static FileState Read(string path, FileState? before)
    {
        try
        {
            string target = Resolve(path);
            var file = new FileInfo(target);
            if (!file.Exists || file.Length > SourceFiles.MaxBytes)
            {
                return Missing;
            }

            var state = new FileState(target, file.Length, file.LastWriteTimeUtc.Ticks, before?.Mark ?? "");
            return state == before ? before : state with { Mark = WatchedFile.MarkOf(File.ReadAllBytes(target)) };
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Missing;
        }
    }

    /// <summary>Follows links in every part of the path: mounted volumes swap a directory above the file.</summary>
    private static string Resolve(string path)
    {
        const int MaxLinks = 40;
        int links = 0;
        string root = Path.GetPathRoot(path) ?? "/";
        var open = new Stack<string>(path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        string at = root;
        while (open.TryPop(out string? part))
        {
            string next = Path.GetFullPath(part, at);
            string? link = links < MaxLinks ? new FileInfo(next).LinkTarget : null;
            if (link is null)
            {
                at = next;
                continue;
            }

            links++;
            at = Path.IsPathRooted(link) ? Path.GetPathRoot(link)! : at;
            foreach (string step in link.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                open.Push(step);
            }
        }

        return at;
    }
}
