namespace LlmProxy.Accounting.Journal;

/// <summary>
/// One process's directory below Journal:Directory, its own by a lock that the kernel takes back when the process dies.
/// Names are never used again, so whoever gets a sibling's lock knows that its owner is dead.
/// </summary>
internal sealed class OwnedDirectory : IDisposable
{
    private const string LockName = "lock";
    private const string Unfinished = ".new";

    private readonly FileStream _lock;

    private OwnedDirectory(string path, Guid id, FileStream held)
    {
        (Path, Id, _lock) = (path, id, held);
    }

    public string Path { get; }

    public Guid Id { get; }

    /// <summary>Where locks mean nothing (some network disks), the living must not be taken for dead.</summary>
    public bool LocksHold { get; private init; } = true;

    /// <summary>Made under a name that no sibling looks at and renamed once it is locked: nobody ever sees it ownerless.</summary>
    public static OwnedDirectory Create(string root)
    {
        var id = Guid.NewGuid();
        string path = System.IO.Path.Combine(root, id.ToString());
        Directory.CreateDirectory(path + Unfinished);
        FileStream held = Lock(path + Unfinished, FileMode.CreateNew);
        try
        {
            Directory.Move(path + Unfinished, path);
            using FileStream? second = TryLock(path, FileMode.Open);
            return new OwnedDirectory(path, id, held) { LocksHold = second is null };
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Null: its owner lives, or there is nothing in it.</summary>
    public static OwnedDirectory? TryAdopt(string path)
    {
        if (!Guid.TryParseExact(System.IO.Path.GetFileName(path), "D", out Guid id))
        {
            return null;
        }

        // Without a lock file: its records are gone already, or somebody has put it back from a copy.
        string lockFile = System.IO.Path.Combine(path, LockName);
        if (TryLock(path, File.Exists(lockFile) ? FileMode.Open : FileMode.CreateNew) is not { } held)
        {
            return null;
        }

        return new OwnedDirectory(path, id, held);
    }

    /// <summary>All but the lock is gone already. Whoever gets the lock in between finds nothing.</summary>
    public void Delete()
    {
        try
        {
            Dispose();
            File.Delete(System.IO.Path.Combine(Path, LockName));
            Directory.Delete(Path);
        }
        catch (IOException)
        {
            // Another process was quicker, or an operator has put something there: it is no journal any more.
        }
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream? TryLock(string path, FileMode mode)
    {
        try
        {
            return Lock(path, mode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static FileStream Lock(string path, FileMode mode) => new(System.IO.Path.Combine(path, LockName), mode, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
}
