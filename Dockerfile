# One image for every headgate process; the command picks the app.
FROM node:24.21.0-slim AS build
WORKDIR /headgate
COPY . .
RUN npm install --no-save --no-audit --no-fund \
  && npm run build \
  && rm -rf node_modules \
  && npm install --no-save --no-audit --no-fund --omit=dev --omit=optional

FROM node:24.21.0-slim
ENV NODE_ENV=production
WORKDIR /headgate
COPY --from=build /headgate .
USER node
CMD ["node", "apps/worker/bin/headgate-worker.mjs"]
