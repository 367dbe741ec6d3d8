FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# Packages first: this layer stays until a version changes.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/LlmProxy/LlmProxy.csproj src/LlmProxy/packages.lock.json src/LlmProxy/
RUN dotnet restore src/LlmProxy --locked-mode

COPY .editorconfig appsettings.json ./
COPY src/LlmProxy/ src/LlmProxy/
# No native launcher: the same output runs on every processor that the base image exists for.
RUN dotnet publish src/LlmProxy --configuration Release --no-restore --output /out -p:UseAppHost=false

FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS final
WORKDIR /app
COPY --from=build /out ./
# The only place that is written to; a new volume takes over this owner. All else may be read-only.
RUN install -d -o "$APP_UID" -g "$APP_UID" /app/data
VOLUME /app/data

# On every address of the container, so a key or an explicit LlmProxy__Auth__Mode=open is required.
ENV ASPNETCORE_HTTP_PORTS=8080
EXPOSE 8080

USER $APP_UID
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \
    CMD ["dotnet", "LlmProxy.dll", "healthcheck"]
ENTRYPOINT ["dotnet", "LlmProxy.dll"]
