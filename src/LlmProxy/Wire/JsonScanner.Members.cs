using System.Runtime.CompilerServices;

namespace LlmProxy.Wire;

/// <content>Steps from member to member and from item to item, for whoever wants to look into the values it passes.</content>
internal ref partial struct JsonScanner
{
    /// <summary>
    /// To the value of an object's next member. Its opening brace has been passed; behind the last member its closing one
    /// is passed, too, and the answer is no.
    /// </summary>
    public bool NextMember(ref bool isFirst, out JsonName name)
    {
        int at = NextStart(ref isFirst, (byte)'}');
        if (at < 0)
        {
            name = default;
            return false;
        }

        int end = StringEnd(at, out bool isEscaped);
        name = new JsonName(_json[at..end], isEscaped);
        Position = SpaceEnd(_json, Behind((byte)':', SpaceEnd(_json, end)));
        return true;
    }

    /// <summary>The same for an array.</summary>
    public bool NextItem(ref bool isFirst)
    {
        int at = NextStart(ref isFirst, (byte)']');
        Position = at < 0 ? Position : at;
        return at >= 0;
    }

    /// <summary>Nothing but space may follow.</summary>
    public void End()
    {
        SkipSpace();
        if (Position != _json.Length)
        {
            throw Broken();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int NextStart(ref bool isFirst, byte end)
    {
        int at = SpaceEnd(_json, Position);
        if ((uint)at < (uint)_json.Length && _json[at] == end)
        {
            Position = at + 1;
            return -1;
        }

        if (!isFirst)
        {
            at = SpaceEnd(_json, Behind((byte)',', at));
        }

        isFirst = false;
        return at;
    }
}
